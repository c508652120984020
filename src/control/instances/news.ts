import type { InstanceId } from '../../model/ids.ts'
import type { Transaction } from '../../store/store.ts'
import { signal } from '../../strand/calls.ts'

/** Wakes the strands that wait for news of the instance's machine: its own, and those of its attachments. */
export async function tellOfMachine(tx: Transaction, instance: InstanceId): Promise<void> {
  await signal(tx, instance, 'facts')
  const rows = await tx.db.selectFrom('interfaces').select('attachmentId').where('instanceId', '=', instance).execute()
  for (const { attachmentId } of rows) if (attachmentId !== null) await signal(tx, attachmentId, 'facts')
}
