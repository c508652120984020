import type { DiskTaskId } from '../../model/ids.ts'
import type { Reader, Transaction } from '../../store/store.ts'
import type { DiskTaskRow } from '../../store/tables/disk-tasks.ts'

export async function readTask({ db }: Reader, id: string): Promise<DiskTaskRow | undefined> {
  const rows = db.selectFrom('diskTasks').selectAll()
  return rows.where('id', '=', id as DiskTaskId).executeTakeFirst()
}

export async function changeTask(
  { db }: Transaction,
  { id }: DiskTaskRow,
  columns: Partial<DiskTaskRow>,
): Promise<void> {
  await db.updateTable('diskTasks').set(columns).where('id', '=', id).execute()
}
