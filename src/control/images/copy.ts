import type { Random } from '../../base/random.ts'
import type { Cloud } from '../../model/cloud.ts'
import { ApiError, refuse } from '../../model/errors.ts'
import { type AccountId, type ImageId, newId, type SnapshotId } from '../../model/ids.ts'
import type { Transaction } from '../../store/store.ts'
import type { ImageRow } from '../../store/tables/resources.ts'
import { startStrand } from '../../strand/calls.ts'
import { createSnapshot } from '../snapshots/create.ts'
import { findSnapshot } from '../snapshots/find.ts'
import { type EncryptionAsked, encryptionFor } from '../volumes/encryption.ts'
import { detailsOf } from './find.ts'
import { imageMachine } from './machine.ts'
import type { ImageMapping } from './mappings.ts'

export interface Copy {
  readonly account: AccountId
  readonly source: ImageRow
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
  const { account, source, region, name, description } = copy
  const id = newId('image', random)
  const copies = new Map<SnapshotId, SnapshotId>()
  const snapshot = async (of: SnapshotId) => {
    const made = copies.get(of) ?? (await copySnapshot(context, copy, of, `image ${id} from ${source.id}`))
    copies.set(of, made)
    return made
  }
  const mappings: ImageMapping[] = []
  for (const it of JSON.parse(source.mappingsJson ?? '[]') as ImageMapping[]) {
    if ('virtual' in it) mappings.push(it)
    else {
      const { volume: _, ...volume } = it // What the source was made of is its own affair.
      mappings.push({ ...volume, snapshot: it.snapshot && (await snapshot(it.snapshot)) })
    }
  }
  await tx.db
    .insertInto('images')
    .values({
      ...source,
      ...{ id, accountId: account, ownerAlias: null, name, description, state: 'pending', isPublic: 0 },
      ...{ rootSnapshotId: source.rootSnapshotId ? await snapshot(source.rootSnapshotId) : null, bootImageId: null },
      ...{ mappingsJson: JSON.stringify(mappings), createdAt: now.getTime(), deprecatedAt: null, protection: null },
      ...{ sourceImageId: source.id, sourceImageRegion: region, sourceInstanceId: null },
    })
    .execute()
  const { kernelId = null, ramdiskId = null } = (await detailsOf(tx)).get(source.id) ?? {}
  await tx.db
    .insertInto('bundledImages')
    .values({
      ...{ imageId: id, type: 'machine', location: `${account}/${name}`, manifest: '' },
      ...{ kernelId, ramdiskId, failure: null },
    })
    .execute()
  await startStrand(tx, imageMachine, id, {})
  return id
}

/** Source: the text of EC2's refusal, as quoted in clong/DetectionLab#422; the code, in public logs of the AWS CLI. */
const noAccess = 'You do not have permission to access the storage of this ami'

async function copySnapshot(
  context: Context,
  { account, encryption }: Copy,
  of: SnapshotId,
  why: string,
): Promise<SnapshotId> {
  const { tx, cloud } = context
  const source = await findSnapshot(context.tx, account, of).catch((error: unknown) => {
    if (error instanceof ApiError) refuse('InvalidRequest', { message: noAccess })
    throw error
  })
  if (source.state !== 'completed')
    refuse('IncorrectState', { message: `Snapshot is in invalid state - ${source.state}` })
  return createSnapshot(context, {
    ...{ account, host: source.hostId, of: { kind: 'snapshot', snapshot: source.id }, sizeGiB: source.sizeGib },
    description: `Copied for ${why}, ${of}`,
    keyId: await encryptionFor(tx, { account, cloud }, encryption, source),
  })
}
