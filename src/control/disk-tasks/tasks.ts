import type { Random } from '../../base/random.ts'
import { type AccountId, type ImageId, newId } from '../../model/ids.ts'
import type { Reader, Transaction } from '../../store/store.ts'
import type { DiskTaskOptions, DiskTaskRow } from '../../store/tables/disk-tasks.ts'
import { destroy, startStrand } from '../../strand/calls.ts'
import { checkIds, type LookedUpKind, requireAll } from '../lookup.ts'
import { exportMachine } from './export-machine.ts'
import { importMachine } from './import-machine.ts'

export type DiskTaskKind = DiskTaskRow['kind']

export interface NewDiskTask {
  readonly account: AccountId
  readonly kind: DiskTaskKind
  readonly description: string
  readonly format: string | null
  readonly bucket: string
  readonly key: string
  /** What is exported; an import chooses its own. */
  readonly image?: ImageId
  readonly options: DiskTaskOptions
}

const idKinds = {
  'import-image': 'import-image-task',
  'import-disk': 'import-snapshot-task',
  'import-snapshot': 'import-snapshot-task',
  'export-image': 'export-image-task',
} as const satisfies Record<DiskTaskKind, LookedUpKind>

/** Begins an import or an export. */
export async function startDiskTask(
  { tx, now, random }: { tx: Transaction; now: Date; random: Random },
  { account, kind, description, format, bucket, key, image, options }: NewDiskTask,
): Promise<DiskTaskRow> {
  const row: DiskTaskRow = {
    ...{ id: newId(idKinds[kind], random), accountId: account, kind, description, format, bucket, key },
    ...{ state: 'active', message: 'pending', progress: 0, diskBytes: null, createdAt: now.getTime() },
    imageId: image ?? (kind === 'import-image' ? newId('image', random) : null),
    snapshotId: kind === 'export-image' ? null : newId('snapshot', random),
    optionsJson: JSON.stringify(options),
  }
  await tx.db.insertInto('diskTasks').values(row).execute()
  if (kind === 'export-image') await startStrand(tx, exportMachine, row.id, {})
  else await startStrand(tx, importMachine, row.id, {})
  return row
}

/** The account's tasks of this kind, or those named; the newest last. */
export async function listDiskTasks(
  { db }: Reader,
  account: AccountId,
  kind: DiskTaskKind,
  ids: readonly string[] = [],
): Promise<DiskTaskRow[]> {
  const all = db.selectFrom('diskTasks').selectAll().where('accountId', '=', account).where('kind', '=', kind)
  const rows = await all.orderBy('createdAt').orderBy('id').execute()
  return ids.length > 0 ? requireAll(idKinds[kind], checkIds(idKinds[kind], ids), rows) : rows
}

/** Stops the task and undoes what it has done. False where it has ended, or ends already. */
export async function cancelDiskTask(tx: Transaction, task: DiskTaskRow, reason: string): Promise<boolean> {
  if (task.state !== 'active' || !(await destroy(tx, task.id))) return false
  await tx.db.updateTable('diskTasks').set({ state: 'deleting', message: reason }).where('id', '=', task.id).execute()
  return true
}
