import { checkIds, requireAll } from '../../../control/lookup.ts'
import { networksOf } from '../../../control/prefix-lists/find.ts'
import { listServices } from '../../../control/vpc-endpoints/services.ts'
import { describe } from '../../action.ts'

/**
 * Prefix lists of the services that gateway endpoints lead to. Lists that callers manage are not among them.
 * Refuses: InvalidPrefixListID.Malformed, InvalidPrefixListID.NotFound.
 * Source: EC2 API Reference, DescribePrefixLists.
 */
export const DescribePrefixLists = describe('DescribePrefixLists', {
  async rows({ PrefixListIds = [] }, { tx }) {
    const all = await listServices(tx)
    const asked =
      PrefixListIds.length > 0 ? requireAll('prefix-list', checkIds('prefix-list', PrefixListIds), all) : all
    const networks = await networksOf(
      tx,
      asked.map((it) => it.id),
    )
    return asked.map(({ id, name }) => ({ id, name, cidrs: networks.get(id) ?? [] }))
  },
  key: (row) => row.id,
  filters: { 'prefix-list-id': (row) => row.id, 'prefix-list-name': (row) => row.name },
  render: ({ id, name, cidrs }) => ({ PrefixListId: id, PrefixListName: name, Cidrs: [...cidrs] }),
  assemble: (items) => ({ PrefixLists: items }),
})
