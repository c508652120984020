import { refuse } from '../../model/errors.ts'
import { type AccountId, isId } from '../../model/ids.ts'
import type { Reader } from '../../store/store.ts'
import type { InterfaceRow } from '../../store/tables/resources.ts'
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

/** One interface of the account. */
export async function findInterface(reader: Reader, account: AccountId, id: string): Promise<InterfaceRow> {
  const [nic] = await listInterfaces(reader, account, [id])
  return nic!.row // listInterfaces refuses what it does not find
}

/** The account's interface that is attached by this attachment. */
export async function findAttached(reader: Reader, account: AccountId, attachment: string): Promise<InterfaceRow> {
  if (!isId('network-interface-attachment', attachment))
    refuse('InvalidNetworkInterfaceAttachmentId.Malformed', { id: attachment })
  const row = await reader.db
    .selectFrom('interfaces')
    .selectAll()
    .where('accountId', '=', account)
    .where('attachmentId', '=', attachment)
    .executeTakeFirst()
  return row ?? refuse('InvalidAttachmentID.NotFound', { id: attachment })
}
