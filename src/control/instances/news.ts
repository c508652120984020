import { type InstanceId, isId } from '../../model/ids.ts'
import { rowsWhere } from '../../store/prepared.ts'
import type { Transaction } from '../../store/store.ts'
import { signal } from '../../strand/calls.ts'

/** Wakes the strands that wait for news of an instance's machine, of a volume, its attachments or a snapshot. */
export async function tell(tx: Transaction, subject: string): Promise<void> {
  if (isId('instance', subject)) await tellOfMachine(tx, subject)
  else await signal(tx, subject, 'facts')
}

/** The instance's own, those of its interfaces' attachments, and those of images that are made of it. */
async function tellOfMachine(tx: Transaction, instance: InstanceId): Promise<void> {
  await signal(tx, instance, 'facts')
  const rows = await rowsWhere(tx, 'interfaces', { instanceId: instance })
  const images = await rowsWhere(tx, 'images', { sourceInstanceId: instance, state: 'pending' })
  for (const { id } of images) await signal(tx, id, 'facts')
  for (const { attachmentId } of rows) if (attachmentId !== null) await signal(tx, attachmentId, 'facts')
}
