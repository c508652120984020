import { nextVersion } from '../../../control/prefix-lists/change.ts'
import { entriesIn, findOwnList } from '../../../control/prefix-lists/find.ts'
import { tagsOf } from '../../../control/tags/tags.ts'
import { action } from '../../action.ts'
import { checkCurrentVersion } from '../../parse/prefix-lists.ts'
import { renderPrefixList } from '../../render/prefix-list.ts'

/**
 * Makes the entries of an older version those of the next.
 * Refuses: InvalidPrefixListID.NotFound, OperationNotPermitted, PrefixListVersionMismatch, PrefixListMaxEntriesExceeded, InvalidParameterValue.
 * Source: EC2 API Reference, RestoreManagedPrefixListVersion.
 */
export const RestoreManagedPrefixListVersion = action('RestoreManagedPrefixListVersion', {
  async run({ PrefixListId, PreviousVersion, CurrentVersion }, { tx, caller, cloud }) {
    const list = await findOwnList(tx, caller.account, PrefixListId)
    checkCurrentVersion(list, CurrentVersion)
    const row = await nextVersion(tx, list, await entriesIn(tx, list, PreviousVersion), 'restore-complete')
    return { PrefixList: renderPrefixList(cloud, row, (await tagsOf(tx, [row.id])).get(row.id) ?? {}) }
  },
})
