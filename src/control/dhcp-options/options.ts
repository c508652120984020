/** DHCP options: sets of them that VPCs choose from. */
import type { Random } from '../../base/random.ts'
import { refuse } from '../../model/errors.ts'
import { type AccountId, newId } from '../../model/ids.ts'
import type { Reader, Transaction } from '../../store/store.ts'
import type { VpcRow } from '../../store/tables/resources.ts'
import type { DhcpOptionsJson, DhcpOptionsRow } from '../../store/tables/vpcs.ts'
import { wishVpc } from '../hosts/wishes.ts'
import { checkIds, requireAll } from '../lookup.ts'
import { removeTags } from '../tags/tags.ts'

/** Stands for the VPC's own name server among the servers of a set. */
export const amazonDns = 'AmazonProvidedDNS'
/** Stands for no options at all where the id of a set is asked for. */
export const noOptions = 'default'

/** The account's sets, or those named, in the order of their ids. */
export async function listOptions(
  reader: Reader,
  account: AccountId,
  ids: readonly string[] = [],
): Promise<DhcpOptionsRow[]> {
  const rows = await reader.db
    .selectFrom('dhcpOptions')
    .selectAll()
    .where('accountId', '=', account)
    .orderBy('id')
    .execute()
  return ids.length > 0 ? requireAll('dhcp-options', checkIds('dhcp-options', ids), rows) : rows
}

export function optionsOf(row: DhcpOptionsRow): DhcpOptionsJson {
  return JSON.parse(row.optionsJson) as DhcpOptionsJson
}

export async function makeOptions(
  tx: Transaction,
  account: AccountId,
  options: DhcpOptionsJson,
  random: Random,
): Promise<DhcpOptionsRow> {
  const row = { id: newId('dhcp-options', random), accountId: account, optionsJson: JSON.stringify(options) }
  await tx.db.insertInto('dhcpOptions').values(row).execute()
  return row
}

/** The set that new VPCs have: the account's first that says just this. Source: VPC User Guide, "Default DHCP option set". */
export async function ensureDefaultOptions(
  tx: Transaction,
  account: AccountId,
  domain: string,
  random: Random,
): Promise<DhcpOptionsRow> {
  const options = { 'domain-name': [domain], 'domain-name-servers': [amazonDns] }
  const found = (await listOptions(tx, account)).find((it) => it.optionsJson === JSON.stringify(options))
  return found ?? (await makeOptions(tx, account, options, random))
}

/** Lets the VPC's guests have these options, or none; they hear of it when they next ask. */
export async function chooseOptions(tx: Transaction, vpc: VpcRow, options: DhcpOptionsRow | undefined): Promise<void> {
  await tx.db
    .updateTable('vpcs')
    .set({ dhcpOptionsId: options?.id ?? null })
    .where('id', '=', vpc.id)
    .execute()
  await wishVpc(tx, vpc.id)
}

/** Deletes a set that no VPC has. */
export async function removeOptions(tx: Transaction, { id }: DhcpOptionsRow): Promise<void> {
  const vpc = await tx.db.selectFrom('vpcs').select('id').where('dhcpOptionsId', '=', id).executeTakeFirst()
  if (vpc) refuse('DependencyViolation', { message: `The dhcpOptions '${id}' has dependencies and cannot be deleted.` })
  await removeTags(tx, id, [])
  await tx.db.deleteFrom('dhcpOptions').where('id', '=', id).execute()
}
