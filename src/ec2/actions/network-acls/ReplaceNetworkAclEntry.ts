import { replaceEntry } from '../../../control/network-acls/change.ts'
import { findAcl } from '../../../control/network-acls/find.ts'
import { entryNumber, ruleAsked } from '../../../control/network-acls/rule.ts'
import { action } from '../../action.ts'

/**
 * Makes an entry of a network ACL say something else, at once.
 * Refuses: InvalidNetworkAclID.NotFound, InvalidNetworkAclEntry.NotFound, InvalidParameterValue, InvalidParameterCombination,
 * MissingParameter.
 * Source: EC2 API Reference, ReplaceNetworkAclEntry.
 */
export const ReplaceNetworkAclEntry = action('ReplaceNetworkAclEntry', {
  async run(input, { tx, caller }) {
    const acl = await findAcl(tx, caller.account, input.NetworkAclId)
    const egress = input.Egress === true
    await replaceEntry(tx, acl, { number: entryNumber(input.RuleNumber), egress, rule: ruleAsked(input) })
    return {}
  },
})
