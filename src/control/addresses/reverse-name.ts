import type { Transaction } from '../../store/store.ts'
import type { AddressRow } from '../../store/tables/addresses.ts'
import { wish } from '../hosts/wishes.ts'

/**
 * Sets what reverse DNS says of the address: a name with a dot at its end, or null for the usual one. Name servers are on
 * every host, and at the edge.
 */
export async function setReverseName(
  tx: Transaction,
  { id }: AddressRow,
  reverseName: string | null,
): Promise<AddressRow> {
  const hosts = await tx.db.selectFrom('hosts').select('id').execute()
  await wish(
    tx,
    hosts.map((row) => row.id),
  )
  const updated = tx.db.updateTable('addresses').set({ reverseName }).where('id', '=', id).returningAll()
  return updated.executeTakeFirstOrThrow()
}
