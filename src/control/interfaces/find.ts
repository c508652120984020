import type { AccountId } from '../../model/ids.ts'
import type { Reader } from '../../store/store.ts'
import { type AttachedInterface, withGroupsAndAddresses } from '../instances/find.ts'
import { checkIds, requireAll } from '../lookup.ts'

/** The account's interfaces, or those named, each with its groups and addresses. */
export async function listInterfaces(
  reader: Reader,
  account: AccountId,
  ids: readonly string[] = [],
): Promise<(AttachedInterface & { readonly id: string })[]> {
  const all = await reader.db
    .selectFrom('interfaces')
    .selectAll()
    .where('accountId', '=', account)
    .orderBy('id')
    .execute()
  const rows = ids.length > 0 ? requireAll('network-interface', checkIds('network-interface', ids), all) : all
  return (await withGroupsAndAddresses(reader, rows)).map((it) => ({ ...it, id: it.row.id }))
}
