import type { InstanceId } from '../../model/ids.ts'
import type { Transaction } from '../../store/store.ts'

/** Gives back the instance's interfaces, their addresses and their tags. */
export async function removeInterfacesOf(tx: Transaction, instance: InstanceId): Promise<void> {
  const rows = await tx.db.selectFrom('interfaces').select('id').where('instanceId', '=', instance).execute()
  const ids = rows.map((row) => row.id)
  if (ids.length === 0) return
  await tx.db.deleteFrom('tags').where('resourceId', 'in', ids).execute()
  await tx.db.deleteFrom('interfaces').where('id', 'in', ids).execute()
}
