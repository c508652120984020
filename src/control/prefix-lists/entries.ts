/** What callers say of entries of prefix lists. Pure. */
import { refuse } from '../../model/errors.ts'
import type { PrefixListEntryJson, PrefixListRow } from '../../store/tables/prefix-lists.ts'
import { ipv4Range, ipv6Range } from '../security-groups/cidrs.ts'

export interface EntryInput {
  readonly Cidr: string | undefined
  readonly Description?: string | undefined
}

/** Source: EC2 API Reference, "CreateManagedPrefixList": up to 100 entries in a request. */
const mostInRequest = 100
const longestDescription = 255

/** The entries that a request adds, checked against the list's family. Refuses: InvalidParameterValue. */
export function entriesAsked(
  family: PrefixListRow['family'],
  asked: readonly EntryInput[] = [],
): PrefixListEntryJson[] {
  if (asked.length > mostInRequest) invalid(`A request may name at most ${mostInRequest} prefix list entries.`)
  const entries = asked.map(({ Cidr, Description }): PrefixListEntryJson => {
    if ((Description?.length ?? 0) > longestDescription)
      invalid('The description of an entry is longer than 255 characters.')
    const cidr = family === 'IPv4' ? ipv4Range(Cidr) : ipv6Range(Cidr)
    return { cidr, ...(Description && { description: Description }) }
  })
  if (new Set(entries.map((it) => it.cidr)).size < entries.length)
    invalid('The same CIDR block must not appear more than once in the request.')
  return entries
}

/**
 * The entries after a change. An entry that is added again gets the new description; one that is removed must be there.
 * Source: EC2 API Reference, "ModifyManagedPrefixList". Guess: the texts.
 */
export function changed(
  entries: readonly PrefixListEntryJson[],
  added: readonly PrefixListEntryJson[],
  removed: readonly PrefixListEntryJson[],
): PrefixListEntryJson[] {
  const [known, gone] = [entries, removed].map((them) => new Set(them.map((it) => it.cidr))) as [
    Set<string>,
    Set<string>,
  ]
  const unknown = removed.find((it) => !known.has(it.cidr))
  if (unknown) invalid(`The CIDR block ${unknown.cidr} is not in the prefix list.`)
  const both = added.find((it) => gone.has(it.cidr))
  if (both) invalid(`The CIDR block ${both.cidr} cannot be added and removed in one request.`)
  const byCidr = new Map(entries.filter((it) => !gone.has(it.cidr)).map((it) => [it.cidr, it]))
  for (const it of added) byCidr.set(it.cidr, it)
  return [...byCidr.values()]
}

function invalid(message: string): never {
  return refuse('InvalidParameterValue', { message })
}
