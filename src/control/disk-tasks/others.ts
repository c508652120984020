/** The disks of an image beside its root's: each is a task of its own, which nobody sees by itself. */
import type { Reader, Transaction } from '../../store/store.ts'
import type { DiskTaskOptions, DiskTaskRow } from '../../store/tables/disk-tasks.ts'
import { destroy } from '../../strand/calls.ts'
import type { ImageVolume } from '../images/mappings.ts'
import { removeSnapshot } from '../snapshots/remove.ts'
import { changeTask } from './rows.ts'

/** Tasks of the other disks, in the order in which they were given. */
export async function readOthers({ db }: Reader, { optionsJson }: DiskTaskRow): Promise<DiskTaskRow[]> {
  const { others = [] } = JSON.parse(optionsJson) as DiskTaskOptions
  if (others.length === 0) return []
  const rows = await db.selectFrom('diskTasks').selectAll().where('id', 'in', others).execute()
  return rows.sort((a, b) => others.indexOf(a.id) - others.indexOf(b.id))
}

/** Undoes what was done for them, as far as it went. Each that was under way has an end of its own to come to. */
export async function endOthers(tx: Transaction, others: readonly DiskTaskRow[], message: string): Promise<void> {
  for (const it of others) {
    if (it.state === 'active') {
      await changeTask(tx, it, { state: 'deleting', message })
      await destroy(tx, it.id)
    }
    if (it.state !== 'completed') continue
    await changeTask(tx, it, { state: 'deleted', message })
    if (it.snapshotId && (await areThere(tx, [it]))) await removeSnapshot(tx, it.snapshotId)
  }
}

/** Whether the snapshots that were made are there still: whose they are may have deleted one. */
export async function areThere({ db }: Reader, others: readonly DiskTaskRow[]): Promise<boolean> {
  const ids = others.flatMap((it) => it.snapshotId ?? [])
  if (ids.length === 0) return others.length === 0
  const rows = db.selectFrom('snapshots').select('id').where('id', 'in', ids).where('state', '=', 'completed')
  return (await rows.execute()).length === others.length
}

/** Volumes that the image's instances are given of them. */
export function volumesOf(others: readonly DiskTaskRow[]): ImageVolume[] {
  return others.map((it) => ({
    device: (JSON.parse(it.optionsJson) as DiskTaskOptions).disk?.device ?? '', // each was given one
    snapshot: it.snapshotId,
    sizeGiB: Math.ceil((it.diskBytes ?? 0) / 2 ** 30),
    ...{ type: 'standard', iops: null, throughput: null, deleteOnTermination: true },
  }))
}
