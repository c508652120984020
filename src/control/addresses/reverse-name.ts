import type { Transaction } from '../../store/store.ts'
import type { AddressRow } from '../../store/tables/addresses.ts'
import { everyHost, wish } from '../hosts/wishes.ts'

/** Sets what reverse DNS says of the address: a name with a dot at its end, or null for the usual one. */
export async function setReverseName(
  tx: Transaction,
  { id }: AddressRow,
  reverseName: string | null,
): Promise<AddressRow> {
  await wish(tx, await everyHost(tx))
  return tx.db
    .updateTable('addresses')
    .set({ reverseName })
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirstOrThrow()
}
