import type { SnapshotId } from '../../model/ids.ts'
import type { Transaction } from '../../store/store.ts'
import { destroy } from '../../strand/calls.ts'

/** Begins to remove the snapshot. It is seen no more. */
export async function removeSnapshot(tx: Transaction, id: SnapshotId): Promise<void> {
  await tx.db.updateTable('snapshots').set({ state: 'deleting' }).where('id', '=', id).execute()
  await destroy(tx, id)
}
