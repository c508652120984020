import { refuse } from '../../model/errors.ts'
import type { Transaction } from '../../store/store.ts'
import type { InstanceRow } from '../../store/tables/resources.ts'
import { wish } from '../hosts/wishes.ts'

/**
 * Asks the guests to reboot; disks and addresses stay. Instances that have ended, or are about to, are passed over.
 * Source: EC2 API Reference, RebootInstances: "Requests to reboot terminated instances are ignored."
 */
export async function reboot(tx: Transaction, rows: readonly InstanceRow[]): Promise<void> {
  const living = rows.filter((row) => row.state !== 'shutting-down' && row.state !== 'terminated')
  const idle = living.find((row) => row.state !== 'running')
  if (idle) refuse('IncorrectInstanceState', { id: idle.id, verb: 'rebooted' })
  const ids = living.map((row) => row.id)
  if (ids.length === 0) return
  await tx.db
    .updateTable('instances')
    .set((eb) => ({ reboots: eb('reboots', '+', 1) }))
    .where('id', 'in', ids)
    .execute()
  await wish(
    tx,
    living.flatMap((row) => row.hostId ?? []),
  )
}
