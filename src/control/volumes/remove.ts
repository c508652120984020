import type { VolumeId } from '../../model/ids.ts'
import type { Transaction } from '../../store/store.ts'
import { destroy } from '../../strand/calls.ts'

/** Begins to remove the volume. Nothing may be attached to it. */
export async function removeVolume(tx: Transaction, id: VolumeId): Promise<void> {
  await tx.db.updateTable('volumes').set({ state: 'deleting' }).where('id', '=', id).execute()
  await destroy(tx, id)
}
