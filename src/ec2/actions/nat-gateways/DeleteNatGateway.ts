import { listNats } from '../../../control/nat-gateways/find.ts'
import { removeNat } from '../../../control/nat-gateways/make.ts'
import { action } from '../../action.ts'

/**
 * Ends a NAT gateway, also one that has failed; its elastic address stays the account's, and routes that lead to it lead nowhere.
 * Refuses: NatGatewayNotFound.
 * Source: EC2 API Reference, DeleteNatGateway.
 */
export const DeleteNatGateway = action('DeleteNatGateway', {
  async run({ NatGatewayId = '' }, { tx, caller }) {
    const [row] = await listNats(tx, caller.account, [NatGatewayId])
    await removeNat(tx, row!) // listNats refuses what it does not find
    return { NatGatewayId }
  },
})
