import { findService, leadThere, makeEndpoint } from '../../../control/vpc-endpoints/endpoints.ts'
import { checkPolicy } from '../../../control/vpc-endpoints/policy.ts'
import { findVpc } from '../../../control/vpcs/find.ts'
import { refuse } from '../../../model/errors.ts'
import { action } from '../../action.ts'
import { refuseParameters } from '../../parse/not-served.ts'
import { fullEndpoints, renderEndpoint } from '../../render/vpc-endpoint.ts'

/**
 * Makes a gateway endpoint: guests whose subnets have the named route tables reach the service through it.
 * Refuses: InvalidVpcID.NotFound, InvalidServiceName, InvalidRouteTableID.NotFound, InvalidParameter, RouteAlreadyExists,
 * VpcEndpointLimitExceeded, UnsupportedOperation (other types, policies other than full access).
 * Source: EC2 API Reference, CreateVpcEndpoint.
 */
export const CreateVpcEndpoint = action('CreateVpcEndpoint', {
  creates: ['vpc-endpoint'],
  async run(input, context) {
    const { tx, caller } = context
    const { VpcEndpointType: type = 'Gateway', ClientToken } = input
    if (type !== 'Gateway')
      refuse('UnsupportedOperation', { message: `VPC endpoints of type ${type} are not served by this cloud.` })
    refuseParameters(input, [
      ...(['SubnetIds', 'SecurityGroupIds', 'IpAddressType', 'DnsOptions', 'SubnetConfigurations'] as const),
      ...(['ServiceNetworkArn', 'ResourceConfigurationArn', 'ServiceRegion'] as const),
    ])
    if (input.PrivateDnsEnabled)
      refuse('InvalidParameter', { message: 'Private DNS can only be set for interface endpoints.' })
    const vpc = await findVpc(tx, caller.account, input.VpcId)
    const service = await findService(tx, input.ServiceName ?? '')
    const row = await makeEndpoint(tx, vpc, { service, policy: checkPolicy(input.PolicyDocument) }, context)
    await leadThere(tx, row, input.RouteTableIds ?? [])
    await context.tag('vpc-endpoint', row.id)
    const [full] = await fullEndpoints(tx, [row])
    return { VpcEndpoint: renderEndpoint(full!), ...(ClientToken && { ClientToken }) } // one for each row
  },
})
