import type { InstanceId, InterfaceId } from '../../model/ids.ts'
import type { Transaction } from '../../store/store.ts'
import { leaveInterfaces } from '../addresses/leave.ts'

/** Gives back the instance's interfaces, their addresses and their tags. Elastic addresses stay their owner's. */
export async function removeInterfacesOf(tx: Transaction, instance: InstanceId): Promise<void> {
  const rows = await tx.db.selectFrom('interfaces').select('id').where('instanceId', '=', instance).execute()
  await removeInterfaces(
    tx,
    rows.map((row) => row.id),
  )
}

/** Removes these interfaces, which no instance has any more. */
export async function removeInterfaces(tx: Transaction, ids: readonly InterfaceId[]): Promise<void> {
  if (ids.length === 0) return
  await leaveInterfaces(tx, ids)
  await tx.db.deleteFrom('tags').where('resourceId', 'in', ids).execute()
  await tx.db.deleteFrom('interfaces').where('id', 'in', ids).execute()
}
