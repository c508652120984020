import { detachGateway, listGateways } from '../../../control/internet-gateways/gateways.ts'
import { findVpc } from '../../../control/vpcs/find.ts'
import { action } from '../../action.ts'

/**
 * Takes a gateway from its VPC, in which nothing has a public address any more.
 * Refuses: InvalidInternetGatewayID.NotFound, InvalidVpcID.NotFound, Gateway.NotAttached, DependencyViolation.
 * Source: EC2 API Reference, DetachInternetGateway.
 */
export const DetachInternetGateway = action('DetachInternetGateway', {
  async run({ InternetGatewayId, VpcId }, { tx, caller }) {
    const [gateway] = await listGateways(tx, caller.account, [InternetGatewayId ?? ''])
    await detachGateway(tx, gateway!, await findVpc(tx, caller.account, VpcId ?? '')) // listGateways refuses what it does not find
    return {}
  },
})
