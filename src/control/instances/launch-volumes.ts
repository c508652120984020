import type { Random } from '../../base/random.ts'
import type { KeyId, SnapshotId } from '../../model/ids.ts'
import type { VolumeType } from '../../model/volume-types.ts'
import type { Transaction } from '../../store/store.ts'
import type { InstanceRow } from '../../store/tables/resources.ts'
import { tie } from '../attachments/attach.ts'
import { createVolume } from '../volumes/create.ts'

/** A volume that is made for an instance, and attached to it before it starts. */
export interface LaunchVolume {
  readonly device: string
  readonly snapshot: SnapshotId | null
  readonly sizeGiB: number
  readonly type: VolumeType
  readonly iops: number | null
  readonly throughput: number | null
  readonly deleteOnTermination: boolean
  /** What it is encrypted by, if something was said of that. */
  readonly keyId?: KeyId | null
}

/** Makes the instance's volumes, and ties them to it; the first in the first slot. */
export async function giveVolumes(
  context: { readonly tx: Transaction; readonly now: Date; readonly random: Random },
  instance: InstanceRow,
  volumes: readonly LaunchVolume[],
): Promise<void> {
  const { tx, now } = context
  for (const { device, deleteOnTermination, ...rest } of volumes) {
    const owner = { account: instance.accountId, zone: instance.zone, multiAttach: false }
    const id = await createVolume(context, { ...owner, ...rest })
    const row = await tx.db.selectFrom('volumes').selectAll().where('id', '=', id).executeTakeFirstOrThrow()
    await tie(tx, row, instance, { device, deleteOnTermination, now })
  }
}
