/** Interfaces leave their instances. */
import type { InstanceId } from '../../model/ids.ts'
import type { Transaction } from '../../store/store.ts'
import type { InterfaceRow } from '../../store/tables/resources.ts'
import { signal } from '../../strand/calls.ts'
import { takeBackAddresses } from '../addresses/lend.ts'
import { hostsOfVpc, wish } from '../hosts/wishes.ts'
import { alone } from './make.ts'
import { removeInterfaces } from './remove.ts'

/**
 * The interface is its owner's alone, its taps and routes go. What was lent to it goes back to the pool, elastic addresses stay
 * with it. Source: EC2 User Guide, "Elastic network interfaces".
 */
export async function leaveInstance(tx: Transaction, nic: InterfaceRow): Promise<void> {
  const hosts = await hostsOfVpc(tx, nic.vpcId)
  await takeBackAddresses(tx, [nic.id])
  await tx.db.updateTable('interfaces').set(alone).where('id', '=', nic.id).execute()
  if (nic.attachmentId !== null) await signal(tx, nic.attachmentId, 'left')
  await wish(tx, hosts)
}

/** The instance is over: interfaces that shall end with it do, the others are alone. */
export async function leaveEnded(tx: Transaction, instance: InstanceId): Promise<void> {
  const rows = await tx.db.selectFrom('interfaces').selectAll().where('instanceId', '=', instance).execute()
  const [ending, staying] = [rows.filter((it) => it.deleteOnTermination), rows.filter((it) => !it.deleteOnTermination)]
  for (const row of ending) if (row.attachmentId !== null) await signal(tx, row.attachmentId, 'left')
  for (const row of staying) await leaveInstance(tx, row)
  await removeInterfaces(
    tx,
    ending.map((row) => row.id),
  )
}
