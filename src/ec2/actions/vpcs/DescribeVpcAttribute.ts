import { listVpcs } from '../../../control/vpcs/find.ts'
import { refuse } from '../../../model/errors.ts'
import { action } from '../../action.ts'

/**
 * One attribute of a VPC.
 * Refuses: InvalidVpcID.NotFound, InvalidParameterValue.
 * Source: EC2 API Reference, DescribeVpcAttribute; VPC User Guide, "DNS attributes for your VPC".
 */
export const DescribeVpcAttribute = action('DescribeVpcAttribute', {
  async run({ VpcId, Attribute }, { tx, caller }) {
    const [vpc] = await listVpcs(tx, caller.account, [VpcId])
    switch (Attribute) {
      case 'enableDnsSupport':
        return { VpcId, EnableDnsSupport: { Value: vpc?.dnsSupport === 1 } }
      case 'enableDnsHostnames':
        return { VpcId, EnableDnsHostnames: { Value: vpc?.dnsHostnames === 1 } }
      case 'enableNetworkAddressUsageMetrics':
        return { VpcId, EnableNetworkAddressUsageMetrics: { Value: false } }
      default:
        return refuse('InvalidParameterValue', {
          message: `Value (${Attribute}) for parameter attribute is invalid. Unknown attribute.`,
        })
    }
  },
})
