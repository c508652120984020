/** Rows of managed prefix lists. */
import type { AccountId, ResourceId } from '../../model/ids.ts'

export interface PrefixListTables {
  prefixLists: PrefixListRow
  prefixListVersions: PrefixListVersionRow
}

export interface PrefixListRow {
  id: ResourceId<'prefix-list'>
  accountId: AccountId
  name: string
  family: 'IPv4' | 'IPv6'
  maxEntries: number
  /** The newest. */
  version: number
  state: 'create-complete' | 'modify-complete' | 'restore-complete'
  createdAt: number
}

export interface PrefixListVersionRow {
  prefixListId: ResourceId<'prefix-list'>
  version: number
  /** PrefixListEntryJson[], in the order in which they were added. */
  entriesJson: string
}

export interface PrefixListEntryJson {
  readonly cidr: string
  readonly description?: string
}
