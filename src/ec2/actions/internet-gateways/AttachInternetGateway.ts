import { attachGateway, listGateways } from '../../../control/internet-gateways/gateways.ts'
import { findVpc } from '../../../control/vpcs/find.ts'
import { action } from '../../action.ts'

/**
 * Attaches a gateway to a VPC that has none. Packets take it where a route leads to it.
 * Refuses: InvalidInternetGatewayID.NotFound, InvalidVpcID.NotFound, Resource.AlreadyAssociated, InvalidParameterValue.
 * Source: EC2 API Reference, AttachInternetGateway.
 */
export const AttachInternetGateway = action('AttachInternetGateway', {
  async run({ InternetGatewayId, VpcId }, { tx, caller }) {
    const [gateway] = await listGateways(tx, caller.account, [InternetGatewayId ?? ''])
    await attachGateway(tx, gateway!, await findVpc(tx, caller.account, VpcId ?? '')) // listGateways refuses what it does not find
    return {}
  },
})
