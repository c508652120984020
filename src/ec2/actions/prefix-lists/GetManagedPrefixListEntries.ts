import { entriesIn, findPrefixList } from '../../../control/prefix-lists/find.ts'
import { describe } from '../../action.ts'
import { renderEntry } from '../../render/prefix-list.ts'

/**
 * The entries of a prefix list, of its newest version or of the one asked for.
 * Refuses: InvalidPrefixListID.NotFound, InvalidParameterValue.
 * Source: EC2 API Reference, GetManagedPrefixListEntries.
 */
export const GetManagedPrefixListEntries = describe('GetManagedPrefixListEntries', {
  async rows({ PrefixListId, TargetVersion }, { tx, caller }) {
    return entriesIn(tx, await findPrefixList(tx, caller.account, PrefixListId), TargetVersion)
  },
  key: (row) => row.cidr,
  filters: {},
  render: renderEntry,
  assemble: (items) => ({ Entries: items }),
})
