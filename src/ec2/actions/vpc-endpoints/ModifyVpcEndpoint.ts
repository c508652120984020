import { changePolicy, leadNoMore, leadThere, listEndpoints } from '../../../control/vpc-endpoints/endpoints.ts'
import { checkPolicy } from '../../../control/vpc-endpoints/policy.ts'
import { refuse } from '../../../model/errors.ts'
import { action } from '../../action.ts'
import { refuseParameters } from '../../parse/not-served.ts'

/**
 * Changes which route tables lead to a gateway endpoint, or its policy.
 * Refuses: InvalidVpcEndpointId.NotFound, InvalidRouteTableID.NotFound, InvalidParameter, InvalidParameterCombination,
 * RouteAlreadyExists, UnsupportedOperation.
 * Source: EC2 API Reference, ModifyVpcEndpoint.
 */
export const ModifyVpcEndpoint = action('ModifyVpcEndpoint', {
  async run(input, { tx, caller }) {
    refuseParameters(input, [
      ...(['AddSubnetIds', 'RemoveSubnetIds', 'AddSecurityGroupIds', 'RemoveSecurityGroupIds'] as const),
      ...(['IpAddressType', 'DnsOptions', 'PrivateDnsEnabled', 'SubnetConfigurations'] as const),
    ])
    const { ResetPolicy, PolicyDocument } = input
    if (ResetPolicy && PolicyDocument)
      refuse('InvalidParameterCombination', { message: 'A policy can be given or reset, not both.' })
    const [endpoint] = await listEndpoints(tx, caller.account, [input.VpcEndpointId ?? ''])
    if (ResetPolicy || PolicyDocument !== undefined) await changePolicy(tx, endpoint!, checkPolicy(PolicyDocument)) // listEndpoints refuses what it does not find
    await leadNoMore(tx, endpoint!, input.RemoveRouteTableIds ?? [])
    await leadThere(tx, endpoint!, input.AddRouteTableIds ?? [])
    return { Return: true }
  },
})
