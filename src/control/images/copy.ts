import type { Random } from '../../base/random.ts'
import type { Cloud } from '../../model/cloud.ts'
import { type AccountId, type ImageId, newId, type SnapshotId } from '../../model/ids.ts'
import type { Transaction } from '../../store/store.ts'
import { startStrand } from '../../strand/calls.ts'
import { copyOf } from '../snapshots/copy.ts'
import { type EncryptionAsked, encryptionFor } from '../volumes/encryption.ts'
import { comingFrom } from './from-afar.ts'
import { imageMachine } from './machine.ts'
import type { ImageMapping } from './mappings.ts'
import { mappingsIn, type Original } from './original.ts'

export interface Copy {
  readonly account: AccountId
  readonly original: Original
  /** That it is in. */
  readonly region: string
  readonly name: string
  readonly description: string
  readonly encryption: EncryptionAsked
}

interface Context {
  readonly tx: Transaction
  readonly cloud: Cloud
  readonly now: Date
  readonly random: Random
}

/** A new image of the account's own that holds what another does, whatever becomes of that: its files, and copies of its snapshots. */
export async function copyImage(context: Context, copy: Copy): Promise<ImageId> {
  const { tx, now, random } = context
  const { account, region, name, description } = copy
  const { original, far } =
    region === context.cloud.region ? { original: copy.original, far: undefined } : comingFrom(region, copy.original)
  const { image: source, kernelId, ramdiskId } = original
  const id = newId('image', random)
  const copies = await copySnapshots(context, copy, `image ${id} from ${source.id}`)
  const mappings = mappingsIn(source).map((it): ImageMapping => {
    if ('virtual' in it) return it
    const { volume: _, ...volume } = it // What the source was made of is its own affair.
    return { ...volume, snapshot: it.snapshot && copies.get(it.snapshot)! } // all of them were copied
  })
  await tx.db
    .insertInto('images')
    .values({
      ...source,
      ...{ id, accountId: account, ownerAlias: null, name, description, state: 'pending', isPublic: 0 },
      ...{ rootSnapshotId: source.rootSnapshotId ? copies.get(source.rootSnapshotId)! : null, bootImageId: null },
      ...{ mappingsJson: JSON.stringify(mappings), createdAt: now.getTime(), deprecatedAt: null, protection: null },
      ...{ sourceImageId: source.id, sourceImageRegion: region, sourceInstanceId: null },
    })
    .execute()
  await tx.db
    .insertInto('bundledImages')
    .values({
      ...{ imageId: id, type: 'machine', location: `${account}/${name}`, manifest: '' },
      ...{ kernelId, ramdiskId, failure: null },
    })
    .execute()
  await startStrand(tx, imageMachine, id, far ? { far } : {})
  return id
}

/** The copies, by what they are copies of. */
async function copySnapshots(
  context: Context,
  { account, encryption, original, region }: Copy,
  why: string,
): Promise<ReadonlyMap<SnapshotId, SnapshotId>> {
  const { tx, cloud } = context
  const copies = new Map<SnapshotId, SnapshotId>()
  for (const source of original.snapshots.values()) {
    const keyId = await encryptionFor(tx, { account, cloud }, encryption, source)
    const description = `Copied for ${why}, ${source.id}`
    const copied = region === cloud.region ? source : { ...source, region }
    copies.set(source.id, await copyOf(context, copied, { account, description, keyId }))
  }
  return copies
}
