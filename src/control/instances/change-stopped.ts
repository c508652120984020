/** What of an instance is fixed while its machine exists, and changes while it is stopped. */
import { bare } from '../../model/device-names.ts'
import { refuse } from '../../model/errors.ts'
import { instanceType } from '../../model/instance-types.ts'
import type { Transaction } from '../../store/store.ts'
import type { InstanceRow } from '../../store/tables/resources.ts'

/** Sets the type or the user data of a stopped instance. */
export async function changeStopped(
  tx: Transaction,
  row: InstanceRow,
  columns: Partial<Pick<InstanceRow, 'type' | 'userData' | 'ebsOptimized'>>,
): Promise<void> {
  if (row.state !== 'stopped')
    refuse('IncorrectInstanceState', { message: `The instance '${row.id}' is not in the 'stopped' state.` })
  if (columns.type !== undefined && !instanceType(columns.type))
    refuse('InvalidInstanceAttributeValue', { message: `Invalid value '${columns.type}' for InstanceType.` })
  await tx.db.updateTable('instances').set(columns).where('id', '=', row.id).execute()
}

/** Whether the volume at the device is deleted with the instance. Changes at any time. */
export async function changeDeletion(
  tx: Transaction,
  row: InstanceRow,
  device: string,
  deleteOnTermination: boolean,
): Promise<void> {
  const rows = await tx.db.selectFrom('attachments').selectAll().where('instanceId', '=', row.id).execute()
  const attachment = rows.find((it) => bare(it.device) === bare(device))
  if (!attachment)
    return refuse('InvalidInstanceAttributeValue', { message: `No device is currently mapped at ${device}` })
  await tx.db
    .updateTable('attachments')
    .set({ deleteOnTermination: deleteOnTermination ? 1 : 0 })
    .where('id', '=', attachment.id)
    .execute()
}
