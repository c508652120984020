import { nextVersion, resize } from '../../../control/prefix-lists/change.ts'
import { changed, entriesAsked } from '../../../control/prefix-lists/entries.ts'
import { entriesIn, findOwnList } from '../../../control/prefix-lists/find.ts'
import { tagsOf } from '../../../control/tags/tags.ts'
import { refuse } from '../../../model/errors.ts'
import { action } from '../../action.ts'
import { checkCurrentVersion, maxEntries, prefixListName } from '../../parse/prefix-lists.ts'
import { renderPrefixList } from '../../render/prefix-list.ts'

/**
 * Adds and removes entries, which makes a new version, in force at once wherever rules name the list; or changes its name
 * or size. Entries and size are not changed in one request.
 * Refuses: InvalidPrefixListID.NotFound, OperationNotPermitted, PrefixListVersionMismatch, PrefixListMaxEntriesExceeded, InvalidParameterValue,
 * InvalidParameterCombination, MissingParameter, RulesPerSecurityGroupLimitExceeded, UnsupportedOperation (IPAM).
 * Source: EC2 API Reference, ModifyManagedPrefixList.
 */
export const ModifyManagedPrefixList = action('ModifyManagedPrefixList', {
  async run(input, { tx, caller, cloud }) {
    const { PrefixListId, CurrentVersion, PrefixListName, AddEntries, RemoveEntries, MaxEntries } = input
    if (input.IpamPrefixListResolverSyncEnabled) refuse('UnsupportedOperation', { message: 'There is no IPAM here.' })
    const list = await findOwnList(tx, caller.account, PrefixListId)
    checkCurrentVersion(list, CurrentVersion)
    const added = entriesAsked(list.family, AddEntries)
    const removed = entriesAsked(list.family, RemoveEntries)
    const entries = await entriesIn(tx, list)
    const changesEntries = added.length + removed.length > 0
    if (changesEntries && CurrentVersion === undefined) refuse('MissingParameter', { parameter: 'CurrentVersion' })
    if (changesEntries && MaxEntries !== undefined)
      refuse('InvalidParameterCombination', {
        message: 'You cannot modify the entries of a prefix list and its size at the same time.',
      })
    const named = await resize(
      tx,
      list,
      {
        ...(PrefixListName !== undefined && { name: prefixListName(PrefixListName) }),
        ...(MaxEntries !== undefined && { maxEntries: maxEntries(MaxEntries) }),
      },
      entries,
    )
    const row = changesEntries
      ? await nextVersion(tx, named, changed(entries, added, removed), 'modify-complete')
      : named
    return { PrefixList: renderPrefixList(cloud, row, (await tagsOf(tx, [row.id])).get(row.id) ?? {}) }
  },
})
