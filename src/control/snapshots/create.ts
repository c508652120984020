import type { Random } from '../../base/random.ts'
import { type AccountId, type HostId, type ImageId, type KeyId, newId, type SnapshotId } from '../../model/ids.ts'
import type { Transaction } from '../../store/store.ts'
import { startStrand } from '../../strand/calls.ts'
import { wish } from '../hosts/wishes.ts'
import { snapshotMachine } from './machine.ts'
import type { SnapshotSource } from './source.ts'

export interface NewSnapshot {
  /** Absent: a new one. */
  readonly id?: SnapshotId
  readonly account: AccountId
  readonly ownerAlias?: string
  readonly host: HostId
  readonly of: SnapshotSource
  readonly sizeGiB: number
  readonly description: string
  /** What a copy is encrypted by. What is taken of a volume is so by the volume's. */
  readonly keyId?: KeyId | null
}

/** What EC2 calls the volume of a snapshot that was taken of none. Source: EC2 API Reference, "Snapshot". */
export const noVolume = 'vol-ffffffff'

/** Makes the snapshot's row, tells its host, and begins its strand. */
export async function createSnapshot(
  { tx, now, random }: { tx: Transaction; now: Date; random: Random },
  snapshot: NewSnapshot,
): Promise<SnapshotId> {
  return beginSnapshot({ tx, now }, { ...snapshot, id: snapshot.id ?? newId('snapshot', random) })
}

/** The same of one that has its id. */
export async function beginSnapshot(
  { tx, now }: { tx: Transaction; now: Date },
  snapshot: NewSnapshot & { readonly id: SnapshotId },
): Promise<SnapshotId> {
  const generations = await wish(tx, [snapshot.host])
  await tx.db
    .insertInto('snapshots')
    .values({
      id: snapshot.id,
      accountId: snapshot.account,
      ownerAlias: snapshot.ownerAlias ?? null,
      volumeId: snapshot.of.kind === 'volume' ? snapshot.of.volume : noVolume,
      sizeGib: snapshot.sizeGiB,
      state: 'pending',
      progress: 0,
      description: snapshot.description,
      startedAt: now.getTime(),
      completedAt: null,
      hostId: snapshot.host,
      sourceJson: JSON.stringify(snapshot.of),
      wishedIn: generations.get(snapshot.host) ?? 0,
      keyId: snapshot.keyId ?? (await keyOfVolume(tx, snapshot.of)),
      originImageId: await originOf(tx, snapshot.of),
    })
    .execute()
  await startStrand(tx, snapshotMachine, snapshot.id)
  return snapshot.id
}

/** The image whose root it holds, if it is one's. */
async function originOf({ db }: Transaction, of: SnapshotSource): Promise<ImageId | null> {
  if (of.kind === 'image') return of.image
  if (of.kind === 'region') return null // Its ids mean nothing here.
  const source =
    of.kind === 'volume'
      ? db.selectFrom('volumes').select('originImageId').where('id', '=', of.volume)
      : db.selectFrom('snapshots').select('originImageId').where('id', '=', of.snapshot)
  return (await source.executeTakeFirst())?.originImageId ?? null
}

/** Who makes a snapshot of what is in no zone: the first host that is there. */
export async function snapshotHost({ db }: Transaction): Promise<HostId> {
  const hosts = db.selectFrom('hosts').select('id').where('isEdge', '=', 0).where('lost', '=', 0)
  const { id } = await hosts.orderBy('connected', 'desc').orderBy('id').limit(1).executeTakeFirstOrThrow()
  return id
}

async function keyOfVolume({ db }: Transaction, of: SnapshotSource): Promise<KeyId | null> {
  if (of.kind !== 'volume') return null
  const row = await db.selectFrom('volumes').select('keyId').where('id', '=', of.volume).executeTakeFirst()
  return row?.keyId ?? null
}
