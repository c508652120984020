import { findPrefixList } from '../../../control/prefix-lists/find.ts'
import { groupsNaming, tablesNaming } from '../../../control/prefix-lists/users.ts'
import { describe } from '../../action.ts'

/**
 * What of the caller's names a prefix list: security groups and route tables.
 * Refuses: InvalidPrefixListID.NotFound.
 * Source: EC2 API Reference, GetManagedPrefixListAssociations.
 */
export const GetManagedPrefixListAssociations = describe('GetManagedPrefixListAssociations', {
  async rows({ PrefixListId }, { tx, caller }) {
    const { id } = await findPrefixList(tx, caller.account, PrefixListId)
    const users = [...(await groupsNaming(tx, id)), ...(await tablesNaming(tx, id))]
    return users.filter((it) => it.accountId === caller.account)
  },
  key: (row) => row.id,
  filters: {},
  render: ({ id, accountId }) => ({ ResourceId: id, ResourceOwner: accountId }),
  assemble: (items) => ({ PrefixListAssociations: items }),
})
