import { findPrefixList } from '../../../control/prefix-lists/find.ts'
import { usersOf } from '../../../control/prefix-lists/users.ts'
import { describe } from '../../action.ts'

/**
 * What names a prefix list: security groups.
 * Refuses: InvalidPrefixListID.NotFound.
 * Source: EC2 API Reference, GetManagedPrefixListAssociations.
 */
export const GetManagedPrefixListAssociations = describe('GetManagedPrefixListAssociations', {
  async rows({ PrefixListId }, { tx, caller }) {
    return usersOf(tx, (await findPrefixList(tx, caller.account, PrefixListId)).id)
  },
  key: (row) => row.id,
  filters: {},
  render: ({ id, accountId }) => ({ ResourceId: id, ResourceOwner: accountId }),
  assemble: (items) => ({ PrefixListAssociations: items }),
})
