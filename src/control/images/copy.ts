import type { Random } from '../../base/random.ts'
import { refuse } from '../../model/errors.ts'
import { type AccountId, type ImageId, newId, type SnapshotId } from '../../model/ids.ts'
import type { Transaction } from '../../store/store.ts'
import type { ImageRow } from '../../store/tables/resources.ts'
import { startStrand } from '../../strand/calls.ts'
import type { LaunchVolume } from '../instances/launch-volumes.ts'
import { createSnapshot } from '../snapshots/create.ts'
import { findSnapshot } from '../snapshots/find.ts'
import { detailsOf } from './find.ts'
import { imageMachine } from './machine.ts'

export interface Copy {
  readonly account: AccountId
  readonly source: ImageRow
  readonly region: string
  readonly name: string
  readonly description: string
}

interface Context {
  readonly tx: Transaction
  readonly now: Date
  readonly random: Random
}

/** A new image of the account's own that holds what another does, whatever becomes of that: its files, and copies of its snapshots. */
export async function copyImage(
  context: Context,
  { account, source, region, name, description }: Copy,
): Promise<ImageId> {
  const { tx, now, random } = context
  const id = newId('image', random)
  const snapshot = (of: SnapshotId) => copySnapshot(context, account, of, `image ${id} from ${source.id}`)
  const others: LaunchVolume[] = []
  for (const it of JSON.parse(source.mappingsJson ?? '[]') as LaunchVolume[])
    others.push({ ...it, snapshot: it.snapshot && (await snapshot(it.snapshot)) })
  await tx.db
    .insertInto('images')
    .values({
      ...source,
      ...{ id, accountId: account, ownerAlias: null, name, description, state: 'pending', isPublic: 0 },
      ...{ rootSnapshotId: source.rootSnapshotId ? await snapshot(source.rootSnapshotId) : null, bootImageId: null },
      ...{ mappingsJson: JSON.stringify(others), createdAt: now.getTime(), deprecatedAt: null, protection: null },
      ...{ sourceImageId: source.id, sourceImageRegion: region },
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

async function copySnapshot(context: Context, account: AccountId, of: SnapshotId, why: string): Promise<SnapshotId> {
  const source = await findSnapshot(context.tx, account, of).catch(() =>
    refuse('InvalidRequest', { message: noAccess }),
  )
  if (source.state !== 'completed')
    refuse('IncorrectState', { message: `Snapshot is in invalid state - ${source.state}` })
  return createSnapshot(context, {
    ...{ account, host: source.hostId, of: { kind: 'snapshot', snapshot: source.id }, sizeGiB: source.sizeGib },
    description: `Copied for ${why}, ${of}`,
  })
}
