import { findElastic } from '../../../control/addresses/find.ts'
import { makeNat } from '../../../control/nat-gateways/make.ts'
import { withTags } from '../../../control/tags/tags.ts'
import { findSubnet } from '../../../control/vpcs/find.ts'
import { refuse } from '../../../model/errors.ts'
import { action } from '../../action.ts'
import { refuseParameters } from '../../parse/not-served.ts'
import { renderNatGateway } from '../../render/nat-gateway.ts'

/**
 * Makes a public NAT gateway in a subnet, whose table must lead to an internet gateway, and answers while it is `pending`; it
 * has `failed` a moment later where the VPC has no such gateway.
 * Refuses: InvalidSubnetID.NotFound, InvalidAllocationID.NotFound, Resource.AlreadyAssociated, NatGatewayLimitExceeded,
 * MissingParameter, UnsupportedOperation (private ones, several addresses).
 * Source: EC2 API Reference, CreateNatGateway.
 */
export const CreateNatGateway = action('CreateNatGateway', {
  creates: ['natgateway'],
  async run(input, context) {
    const { tx, caller } = context
    if (input.ConnectivityType !== 'public') refuseParameters(input, ['ConnectivityType'])
    refuseParameters(input, [
      ...(['SecondaryAllocationIds', 'SecondaryPrivateIpAddresses', 'SecondaryPrivateIpAddressCount'] as const),
      ...(['AvailabilityMode', 'AvailabilityZoneAddresses', 'VpcId'] as const),
    ])
    const subnet = await findSubnet(tx, caller.account, input.SubnetId ?? '')
    if (!input.AllocationId) return refuse('MissingParameter', { parameter: 'AllocationId' })
    const address = await findElastic(tx, caller.account, input.AllocationId)
    const wanted = input.PrivateIpAddress ? { privateAddress: input.PrivateIpAddress } : {}
    const row = await makeNat(tx, subnet, address, wanted, context)
    await context.tag('natgateway', row.id)
    const [full] = await withTags(tx, [row])
    return { NatGateway: renderNatGateway(full!), ...(input.ClientToken && { ClientToken: input.ClientToken }) } // one for each row
  },
})
