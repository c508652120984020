/** Managed prefix lists: named sets of networks that rules, and routes, may name instead of the networks. */
import { refuse } from '../../model/errors.ts'
import type { AccountId, ResourceId } from '../../model/ids.ts'
import type { Reader } from '../../store/store.ts'
import type { PrefixListEntryJson, PrefixListRow } from '../../store/tables/prefix-lists.ts'
import { checkIds, requireAll } from '../lookup.ts'
import { amazon } from '../vpc-endpoints/services.ts'

export type PrefixListId = ResourceId<'prefix-list'>

/** The account's lists and Amazon's own, or those named, in the order of their ids. */
export async function listPrefixLists(
  reader: Reader,
  account: AccountId,
  ids: readonly string[] = [],
): Promise<PrefixListRow[]> {
  const rows = await reader.db
    .selectFrom('prefixLists')
    .selectAll()
    .where('accountId', 'in', [account, amazon])
    .orderBy('id')
    .execute()
  return ids.length > 0 ? requireAll('prefix-list', checkIds('prefix-list', ids), rows) : rows
}

/** A list that the account may change. Refuses one of Amazon's. Guess: the text. */
export async function findOwnList(reader: Reader, account: AccountId, id: string): Promise<PrefixListRow> {
  const row = await findPrefixList(reader, account, id)
  if (row.accountId === account) return row
  return refuse('OperationNotPermitted', { message: `The prefix list ${id} is managed by AWS and cannot be changed.` })
}

export async function findPrefixList(reader: Reader, account: AccountId, id: string): Promise<PrefixListRow> {
  const [row] = await listPrefixLists(reader, account, [id])
  return row! // listPrefixLists refuses what it does not find
}

/** What the list holds; in its newest version, unless another is asked for. Refuses a version that it never had. */
export async function entriesIn(
  reader: Reader,
  { id, version }: PrefixListRow,
  asked: number = version,
): Promise<PrefixListEntryJson[]> {
  const row = await reader.db
    .selectFrom('prefixListVersions')
    .select('entriesJson')
    .where('prefixListId', '=', id)
    .where('version', '=', asked)
    .executeTakeFirst()
  if (!row) return refuse('InvalidParameterValue', { message: `The prefix list '${id}' has no version ${asked}` })
  return JSON.parse(row.entriesJson) as PrefixListEntryJson[]
}

/** The networks of each of these lists, as hosts shall know them now. */
export async function networksOf(
  reader: Reader,
  ids: readonly PrefixListId[],
): Promise<ReadonlyMap<PrefixListId, readonly string[]>> {
  if (ids.length === 0) return new Map()
  const rows = await reader.db
    .selectFrom('prefixLists')
    .innerJoin('prefixListVersions', (join) =>
      join
        .onRef('prefixListVersions.prefixListId', '=', 'prefixLists.id')
        .onRef('prefixListVersions.version', '=', 'prefixLists.version'),
    )
    .select(['prefixLists.id', 'prefixListVersions.entriesJson'])
    .where('prefixLists.id', 'in', ids)
    .execute()
  return new Map(
    rows.map((it) => [it.id, (JSON.parse(it.entriesJson) as PrefixListEntryJson[]).map(({ cidr }) => cidr)]),
  )
}
