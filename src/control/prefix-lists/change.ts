/** Changes of prefix lists. Hosts whose rules name a list are told in the same transaction. */
import type { Random } from '../../base/random.ts'
import { refuse } from '../../model/errors.ts'
import { type AccountId, newId } from '../../model/ids.ts'
import type { Transaction } from '../../store/store.ts'
import type { PrefixListEntryJson, PrefixListRow } from '../../store/tables/prefix-lists.ts'
import { wishRules, wishVpc } from '../hosts/wishes.ts'
import { refuseTooManyRoutes } from '../route-tables/routes.ts'
import { refuseTooMany } from '../security-groups/rules.ts'
import { removeTags } from '../tags/tags.ts'
import { groupsNaming, tablesNaming } from './users.ts'

export interface NewPrefixList {
  readonly account: AccountId
  readonly name: string
  readonly family: PrefixListRow['family']
  readonly maxEntries: number
  readonly entries: readonly PrefixListEntryJson[]
}

/** Makes the list, with its entries as version 1. */
export async function makePrefixList(
  tx: Transaction,
  { account, entries, ...rest }: NewPrefixList,
  { now, random }: { now: Date; random: Random },
): Promise<PrefixListRow> {
  const id = newId('prefix-list', random)
  const row = {
    id,
    accountId: account,
    ...rest,
    version: 1,
    state: 'create-complete',
    createdAt: now.getTime(),
  } as const
  refuseOverfull(row, entries)
  await tx.db.insertInto('prefixLists').values(row).execute()
  await putVersion(tx, row, entries)
  return row
}

/** Makes these the entries of the next version, in force at once. */
export async function nextVersion(
  tx: Transaction,
  list: PrefixListRow,
  entries: readonly PrefixListEntryJson[],
  state: PrefixListRow['state'],
): Promise<PrefixListRow> {
  refuseOverfull(list, entries)
  const next = { ...list, version: list.version + 1, state }
  await tx.db.updateTable('prefixLists').set({ version: next.version, state }).where('id', '=', list.id).execute()
  await putVersion(tx, next, entries)
  for (const vpc of new Set((await groupsNaming(tx, list.id)).map((it) => it.vpcId))) await wishRules(tx, vpc)
  for (const vpc of new Set((await tablesNaming(tx, list.id)).map((it) => it.vpcId))) await wishVpc(tx, vpc)
  return next
}

/**
 * Gives the list room for more entries, or fewer, and another name. A rule or a route that names a list counts as all the entries that it
 * may have. Refuses what a group or a table that names it has no room for. Source: VPC User Guide, "Prefix lists", quotas.
 */
export async function resize(
  tx: Transaction,
  list: PrefixListRow,
  changes: { readonly name?: string; readonly maxEntries?: number },
  entries: readonly PrefixListEntryJson[],
): Promise<PrefixListRow> {
  const next = { ...list, ...changes, state: 'modify-complete' as const }
  refuseOverfull(next, entries)
  const { name, maxEntries, state } = next
  await tx.db.updateTable('prefixLists').set({ name, maxEntries, state }).where('id', '=', list.id).execute()
  for (const { id } of await groupsNaming(tx, list.id)) await refuseTooMany(tx, id)
  for (const it of await tablesNaming(tx, list.id)) await refuseTooManyRoutes(tx, it.id)
  return next
}

/** Refuses a list that rules or routes name. Guess: the code, which EC2 does not document. */
export async function removePrefixList(tx: Transaction, { id }: PrefixListRow): Promise<void> {
  if ([...(await groupsNaming(tx, id)), ...(await tablesNaming(tx, id))].length > 0)
    refuse('DependencyViolation', { id })
  await removeTags(tx, id, [])
  await tx.db.deleteFrom('prefixLists').where('id', '=', id).execute()
}

async function putVersion(
  tx: Transaction,
  { id, version }: PrefixListRow,
  entries: readonly PrefixListEntryJson[],
): Promise<void> {
  const row = { prefixListId: id, version, entriesJson: JSON.stringify(entries) }
  await tx.db.insertInto('prefixListVersions').values(row).execute()
}

function refuseOverfull({ maxEntries }: Pick<PrefixListRow, 'maxEntries'>, entries: readonly unknown[]): void {
  if (entries.length <= maxEntries) return
  const message = `You've reached the maximum number of entries for the prefix list (${maxEntries}).`
  refuse('PrefixListMaxEntriesExceeded', { message })
}
