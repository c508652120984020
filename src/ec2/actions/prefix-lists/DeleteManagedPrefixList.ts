import { removePrefixList } from '../../../control/prefix-lists/change.ts'
import { findOwnList } from '../../../control/prefix-lists/find.ts'
import { tagsOf } from '../../../control/tags/tags.ts'
import { action } from '../../action.ts'
import { renderPrefixList } from '../../render/prefix-list.ts'

/**
 * Deletes a prefix list that no rule names any more.
 * Refuses: InvalidPrefixListID.NotFound, OperationNotPermitted, DependencyViolation.
 * Source: EC2 API Reference, DeleteManagedPrefixList.
 */
export const DeleteManagedPrefixList = action('DeleteManagedPrefixList', {
  async run({ PrefixListId }, { tx, caller, cloud }) {
    const row = await findOwnList(tx, caller.account, PrefixListId)
    const tags = (await tagsOf(tx, [row.id])).get(row.id) ?? {}
    await removePrefixList(tx, row)
    return { PrefixList: { ...renderPrefixList(cloud, row, tags), State: 'delete-complete' } }
  },
})
