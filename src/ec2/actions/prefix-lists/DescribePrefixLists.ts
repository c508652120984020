import { checkIds, requireAll } from '../../../control/lookup.ts'
import { describe } from '../../action.ts'

interface Row {
  readonly id: string
  readonly name: string
}

/**
 * Prefix lists of Amazon's services, for gateway endpoints: this cloud has none. Lists that callers manage are not among them.
 * Refuses: InvalidPrefixListID.Malformed, InvalidPrefixListID.NotFound.
 * Source: EC2 API Reference, DescribePrefixLists.
 */
export const DescribePrefixLists = describe('DescribePrefixLists', {
  rows: async ({ PrefixListIds = [] }): Promise<Row[]> =>
    requireAll('prefix-list', checkIds('prefix-list', PrefixListIds), []),
  key: (row) => row.id,
  filters: { 'prefix-list-id': (row) => row.id, 'prefix-list-name': (row) => row.name },
  render: ({ id, name }) => ({ PrefixListId: id, PrefixListName: name, Cidrs: [] }),
  assemble: (items) => ({ PrefixLists: items }),
})
