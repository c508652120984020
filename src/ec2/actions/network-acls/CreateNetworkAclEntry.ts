import { addEntry } from '../../../control/network-acls/change.ts'
import { findAcl } from '../../../control/network-acls/find.ts'
import { entryNumber, ruleAsked } from '../../../control/network-acls/rule.ts'
import { action } from '../../action.ts'

/**
 * Adds an entry to a network ACL; it decides at once, after those with lower numbers.
 * Refuses: InvalidNetworkAclID.NotFound, NetworkAclEntryAlreadyExists, NetworkAclEntryLimitExceeded, InvalidParameterValue,
 * InvalidParameterCombination, MissingParameter.
 * Source: EC2 API Reference, CreateNetworkAclEntry.
 */
export const CreateNetworkAclEntry = action('CreateNetworkAclEntry', {
  async run(input, { tx, caller }) {
    const acl = await findAcl(tx, caller.account, input.NetworkAclId)
    const egress = input.Egress === true
    await addEntry(tx, acl, { number: entryNumber(input.RuleNumber), egress, rule: ruleAsked(input) })
    return {}
  },
})
