import { listPrefixLists } from '../../../control/prefix-lists/find.ts'
import { type Tags, withTags } from '../../../control/tags/tags.ts'
import { tagFilters } from '../../../query/filters.ts'
import type { PrefixListRow } from '../../../store/tables/prefix-lists.ts'
import { describe } from '../../action.ts'
import { renderPrefixList } from '../../render/prefix-list.ts'

type Row = PrefixListRow & { readonly tags: Tags }

/**
 * The caller's prefix lists, and those of Amazon's services.
 * Refuses: InvalidPrefixListID.Malformed, InvalidPrefixListID.NotFound.
 * Source: EC2 API Reference, DescribeManagedPrefixLists.
 */
export const DescribeManagedPrefixLists = describe('DescribeManagedPrefixLists', {
  rows: async ({ PrefixListIds = [] }, { tx, caller }) =>
    withTags(tx, await listPrefixLists(tx, caller.account, PrefixListIds)),
  key: (row) => row.id,
  filters: {
    ...tagFilters<Row>(),
    'owner-id': (row) => row.accountId,
    'prefix-list-id': (row) => row.id,
    'prefix-list-name': (row) => row.name,
  },
  render: (row, { cloud }) => renderPrefixList(cloud, row, row.tags),
  assemble: (items) => ({ PrefixLists: items }),
})
