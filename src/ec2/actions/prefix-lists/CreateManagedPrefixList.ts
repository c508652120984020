import { makePrefixList } from '../../../control/prefix-lists/change.ts'
import { entriesAsked } from '../../../control/prefix-lists/entries.ts'
import { tagsOf } from '../../../control/tags/tags.ts'
import { action } from '../../action.ts'
import { addressFamily, maxEntries, prefixListName } from '../../parse/prefix-lists.ts'
import { renderPrefixList } from '../../render/prefix-list.ts'

/**
 * Makes a prefix list with up to 100 entries. It is there at once: EC2 says create-in-progress for a while.
 * Refuses: InvalidParameterValue, MissingParameter, PrefixListMaxEntriesExceeded.
 * Source: EC2 API Reference, CreateManagedPrefixList.
 */
export const CreateManagedPrefixList = action('CreateManagedPrefixList', {
  creates: ['prefix-list'],
  async run({ PrefixListName, Entries, MaxEntries, AddressFamily }, context) {
    const { tx, caller, cloud } = context
    const family = addressFamily(AddressFamily)
    const wanted = { account: caller.account, name: prefixListName(PrefixListName), family }
    const entries = entriesAsked(family, Entries)
    const row = await makePrefixList(tx, { ...wanted, maxEntries: maxEntries(MaxEntries), entries }, context)
    await context.tag('prefix-list', row.id)
    return { PrefixList: renderPrefixList(cloud, row, (await tagsOf(tx, [row.id])).get(row.id) ?? {}) }
  },
})
