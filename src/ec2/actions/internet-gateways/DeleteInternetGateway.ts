import { listGateways, removeGateway } from '../../../control/internet-gateways/gateways.ts'
import { action } from '../../action.ts'

/**
 * Deletes a gateway that is not attached.
 * Refuses: InvalidInternetGatewayID.NotFound, DependencyViolation.
 * Source: EC2 API Reference, DeleteInternetGateway.
 */
export const DeleteInternetGateway = action('DeleteInternetGateway', {
  async run({ InternetGatewayId }, { tx, caller }) {
    const [gateway] = await listGateways(tx, caller.account, [InternetGatewayId ?? ''])
    await removeGateway(tx, gateway!) // listGateways refuses what it does not find
    return {}
  },
})
