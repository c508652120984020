import type { Random } from '../../base/random.ts'
import { type AccountId, type KeyId, newId, type SnapshotId, type VolumeId } from '../../model/ids.ts'
import type { VolumeType } from '../../model/volume-types.ts'
import type { Transaction } from '../../store/store.ts'
import { startStrand } from '../../strand/calls.ts'
import { wish } from '../hosts/wishes.ts'
import { ebsKeyOf, encryptsByDefault } from './encryption.ts'
import { volumeHostOf } from './find.ts'
import { volumeMachine } from './machine.ts'

export interface NewVolume {
  readonly account: AccountId
  readonly zone: string
  readonly sizeGiB: number
  readonly type: VolumeType
  readonly iops: number | null
  readonly throughput: number | null
  readonly multiAttach: boolean
  readonly snapshot: SnapshotId | null
  /** What it is encrypted by; absent: what its snapshot is, or what the account's volumes always are. */
  readonly keyId?: KeyId | null
}

/** Makes the volume's row, tells its host, and begins its strand. */
export async function createVolume(
  { tx, now, random }: { tx: Transaction; now: Date; random: Random },
  volume: NewVolume,
): Promise<VolumeId> {
  const id = newId('volume', random)
  const hostId = await volumeHostOf(tx, volume.zone)
  const generations = await wish(tx, [hostId])
  await tx.db
    .insertInto('volumes')
    .values({
      id,
      accountId: volume.account,
      zone: volume.zone,
      hostId,
      state: 'creating',
      sizeGib: volume.sizeGiB,
      type: volume.type,
      iops: volume.iops,
      throughput: volume.throughput,
      multiAttach: volume.multiAttach ? 1 : 0,
      snapshotId: volume.snapshot,
      originImageId: (eb) => eb.selectFrom('snapshots').select('originImageId').where('id', '=', volume.snapshot),
      createdAt: now.getTime(),
      wishedIn: generations.get(hostId) ?? 0,
      autoEnableIo: 0,
      keyId: volume.keyId ?? (await keyOfNew(tx, volume)),
    })
    .execute()
  await startStrand(tx, volumeMachine, id)
  return id
}

async function keyOfNew(tx: Transaction, { account, snapshot }: NewVolume): Promise<KeyId | null> {
  const of = tx.db.selectFrom('snapshots').select('keyId').where('id', '=', snapshot)
  const key = snapshot === null ? null : ((await of.executeTakeFirst())?.keyId ?? null)
  return key ?? ((await encryptsByDefault(tx, account)) ? ebsKeyOf(account) : null)
}
