import { removeEntry } from '../../../control/network-acls/change.ts'
import { findAcl } from '../../../control/network-acls/find.ts'
import { entryNumber } from '../../../control/network-acls/rule.ts'
import { action } from '../../action.ts'

/**
 * Takes an entry from a network ACL.
 * Refuses: InvalidNetworkAclID.NotFound, InvalidNetworkAclEntry.NotFound, InvalidParameterValue.
 * Source: EC2 API Reference, DeleteNetworkAclEntry.
 */
export const DeleteNetworkAclEntry = action('DeleteNetworkAclEntry', {
  async run({ NetworkAclId, RuleNumber, Egress }, { tx, caller }) {
    const acl = await findAcl(tx, caller.account, NetworkAclId)
    await removeEntry(tx, acl, { number: entryNumber(RuleNumber), egress: Egress === true })
    return {}
  },
})
