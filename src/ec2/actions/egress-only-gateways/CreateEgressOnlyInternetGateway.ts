import { makeEgressOnlyGateway } from '../../../control/ipv6/egress-only-gateways.ts'
import { withTags } from '../../../control/tags/tags.ts'
import { findVpc } from '../../../control/vpcs/find.ts'
import { action } from '../../action.ts'
import { renderEgressOnlyGateway } from '../../render/egress-only-gateway.ts'

/**
 * Makes a gateway of a VPC by which IPv6 goes out, and nothing comes in but answers. It needs a route to it.
 * Refuses: InvalidVpcID.NotFound, InternetGatewayLimitExceeded.
 * Source: EC2 API Reference, CreateEgressOnlyInternetGateway.
 */
export const CreateEgressOnlyInternetGateway = action('CreateEgressOnlyInternetGateway', {
  creates: ['egress-only-internet-gateway'],
  async run({ VpcId, ClientToken }, context) {
    const { tx, caller, random } = context
    const row = await makeEgressOnlyGateway(tx, await findVpc(tx, caller.account, VpcId ?? ''), random)
    await context.tag('egress-only-internet-gateway', row.id)
    const [full] = await withTags(tx, [row])
    return {
      EgressOnlyInternetGateway: renderEgressOnlyGateway(full!), // one for each row
      ...(ClientToken && { ClientToken }),
    }
  },
})
