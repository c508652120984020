import { associate } from '../../../control/route-tables/associations.ts'
import { findTable } from '../../../control/route-tables/tables.ts'
import { findSubnet } from '../../../control/vpcs/find.ts'
import { action } from '../../action.ts'
import { refuseParameters } from '../../parse/not-served.ts'

/**
 * Gives a subnet a route table of its own choice instead of the main one.
 * Refuses: InvalidRouteTableID.NotFound, InvalidSubnetID.NotFound, Resource.AlreadyAssociated, InvalidParameterValue.
 * Source: EC2 API Reference, AssociateRouteTable.
 */
export const AssociateRouteTable = action('AssociateRouteTable', {
  async run(input, { tx, caller, random }) {
    refuseParameters(input, ['GatewayId', 'PublicIpv4Pool'])
    const table = await findTable(tx, caller.account, input.RouteTableId ?? '')
    const { id } = await associate(tx, table, await findSubnet(tx, caller.account, input.SubnetId ?? ''), random)
    return { AssociationId: id, AssociationState: { State: 'associated' } }
  },
})
