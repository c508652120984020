import { refuse } from '../../model/errors.ts'
import type { Reader } from '../../store/store.ts'
import type { InstanceRow } from '../../store/tables/resources.ts'

/** Refuses instances that have ended, and then those whose root device is no volume. */
export async function refuseWithoutVolume(
  { db }: Reader,
  rows: readonly InstanceRow[],
  verb: 'started' | 'stopped',
): Promise<void> {
  const ended = rows.find((row) => row.state === 'shutting-down' || row.state === 'terminated')
  if (ended) refuse('IncorrectInstanceState', { id: ended.id, verb })
  const images = await db.selectFrom('images').select('id').where('rootSnapshotId', 'is not', null).execute()
  const onVolumes = new Set(images.map((it) => it.id))
  const without = rows.find((it) => !onVolumes.has(it.imageId))
  if (without)
    refuse('UnsupportedOperation', {
      message: `The instance '${without.id}' does not have an 'ebs' root device type and cannot be ${verb}.`,
    })
}
