import type { InterfaceId } from '../../model/ids.ts'
import type { Transaction } from '../../store/store.ts'
import { takeBackAddresses } from './lend.ts'

/** What an elastic address is that leads nowhere. */
export const nowhere = { associationId: null, interfaceId: null, privateAddress: null } as const

/** No public address leads to these interfaces any more: elastic ones wait for their next, others go back to the pool. */
export async function leaveInterfaces(tx: Transaction, interfaces: readonly InterfaceId[]): Promise<void> {
  if (interfaces.length === 0) return
  await takeBackAddresses(tx, interfaces)
  await tx.db.updateTable('addresses').set(nowhere).where('interfaceId', 'in', interfaces).execute()
}
