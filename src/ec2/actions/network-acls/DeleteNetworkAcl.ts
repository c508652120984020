import { removeAcl } from '../../../control/network-acls/change.ts'
import { findAcl } from '../../../control/network-acls/find.ts'
import { action } from '../../action.ts'

/**
 * Deletes a network ACL that no subnet has. The default one stays.
 * Refuses: InvalidNetworkAclID.NotFound, DependencyViolation, InvalidParameterValue.
 * Source: EC2 API Reference, DeleteNetworkAcl.
 */
export const DeleteNetworkAcl = action('DeleteNetworkAcl', {
  async run({ NetworkAclId }, { tx, caller }) {
    await removeAcl(tx, await findAcl(tx, caller.account, NetworkAclId))
    return {}
  },
})
