import { disassociate, findAssociation } from '../../../control/route-tables/associations.ts'
import { action } from '../../action.ts'

/**
 * Lets a subnet have the VPC's main route table again.
 * Refuses: InvalidAssociationID.NotFound, InvalidParameterValue for the main association.
 * Source: EC2 API Reference, DisassociateRouteTable.
 */
export const DisassociateRouteTable = action('DisassociateRouteTable', {
  async run({ AssociationId }, { tx, caller }) {
    await disassociate(tx, await findAssociation(tx, caller.account, AssociationId ?? ''))
    return {}
  },
})
