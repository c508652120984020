import { findAssociation, replaceAssociation } from '../../../control/route-tables/associations.ts'
import { findTable } from '../../../control/route-tables/tables.ts'
import { action } from '../../action.ts'

/**
 * Gives a subnet another route table, or the VPC another main one; in one step, so no packet is without a way.
 * Refuses: InvalidAssociationID.NotFound, InvalidRouteTableID.NotFound, InvalidParameterValue.
 * Source: EC2 API Reference, ReplaceRouteTableAssociation.
 */
export const ReplaceRouteTableAssociation = action('ReplaceRouteTableAssociation', {
  async run({ AssociationId, RouteTableId }, { tx, caller, random }) {
    const association = await findAssociation(tx, caller.account, AssociationId ?? '')
    const table = await findTable(tx, caller.account, RouteTableId ?? '')
    const { id } = await replaceAssociation(tx, association, table, random)
    return { NewAssociationId: id, AssociationState: { State: 'associated' } }
  },
})
