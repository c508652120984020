import { withTags } from '../control/tags/tags.ts'
import { attachmentsOf } from '../control/volumes/find.ts'
import { shapesBeforeChange } from '../control/volumes/modify.ts'
import type { Reader } from '../store/store.ts'
import type { VolumeRow } from '../store/tables/volumes.ts'
import type { FullVolume } from './render/volume.ts'

/** The volumes with all that answers say of them. */
export async function fullVolumes(reader: Reader, rows: readonly VolumeRow[]): Promise<FullVolume[]> {
  const attachments = await attachmentsOf(
    reader,
    rows.map((it) => it.id),
  )
  const shapes = await shapesBeforeChange(
    reader,
    rows.map((it) => it.id),
  )
  return (await withTags(reader, rows)).map((row) => ({
    ...row,
    ...shapes.get(row.id),
    attachments: attachments.get(row.id) ?? [],
  }))
}
