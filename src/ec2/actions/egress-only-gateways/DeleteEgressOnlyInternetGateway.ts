import { listEgressOnlyGateways, removeEgressOnlyGateway } from '../../../control/ipv6/egress-only-gateways.ts'
import { action } from '../../action.ts'

/**
 * Deletes the gateway; routes to it lead nowhere.
 * Refuses: InvalidEgressOnlyInternetGatewayId.NotFound.
 * Source: EC2 API Reference, DeleteEgressOnlyInternetGateway.
 */
export const DeleteEgressOnlyInternetGateway = action('DeleteEgressOnlyInternetGateway', {
  async run({ EgressOnlyInternetGatewayId }, { tx, caller }) {
    const [row] = await listEgressOnlyGateways(tx, caller.account, [EgressOnlyInternetGatewayId ?? ''])
    await removeEgressOnlyGateway(tx, row!) // listEgressOnlyGateways refuses what it does not find
    return { ReturnCode: true }
  },
})
