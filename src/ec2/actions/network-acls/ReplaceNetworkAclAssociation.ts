import { replaceAssociation } from '../../../control/network-acls/change.ts'
import { findAcl, findAssociation } from '../../../control/network-acls/find.ts'
import { action } from '../../action.ts'

/**
 * Gives the subnet of an association another network ACL, and the association a new id.
 * Refuses: InvalidAssociationID.NotFound, InvalidNetworkAclID.NotFound, InvalidParameterValue (an ACL of another VPC).
 * Source: EC2 API Reference, ReplaceNetworkAclAssociation.
 */
export const ReplaceNetworkAclAssociation = action('ReplaceNetworkAclAssociation', {
  async run({ AssociationId, NetworkAclId }, { tx, caller, random }) {
    const association = await findAssociation(tx, caller.account, AssociationId)
    const acl = await findAcl(tx, caller.account, NetworkAclId)
    return { NewAssociationId: await replaceAssociation(tx, association, acl, random) }
  },
})
