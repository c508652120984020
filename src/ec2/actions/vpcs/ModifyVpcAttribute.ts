import { changeDns } from '../../../control/vpcs/attributes.ts'
import { findVpc } from '../../../control/vpcs/find.ts'
import { refuse } from '../../../model/errors.ts'
import { action } from '../../action.ts'

/**
 * Changes one attribute of a VPC: whether its guests can ask Amazon's name server, or whether they have public names.
 * Refuses: InvalidVpcID.NotFound, InvalidParameterCombination, UnsupportedOperation.
 * Source: EC2 API Reference, ModifyVpcAttribute: one attribute a request.
 */
export const ModifyVpcAttribute = action('ModifyVpcAttribute', {
  async run({ VpcId, EnableDnsSupport, EnableDnsHostnames, EnableNetworkAddressUsageMetrics }, { tx, caller }) {
    const vpc = await findVpc(tx, caller.account, VpcId ?? '')
    const given = [EnableDnsSupport, EnableDnsHostnames, EnableNetworkAddressUsageMetrics].filter((it) => it)
    if (given.length === 0) refuse('InvalidParameterCombination', { message: 'No attributes specified.' })
    if (given.length > 1)
      refuse('InvalidParameterCombination', { message: 'Fields for multiple attribute types specified' })
    if (EnableNetworkAddressUsageMetrics?.Value)
      refuse('UnsupportedOperation', { message: 'Network address usage metrics are not served by this cloud.' })
    await changeDns(tx, vpc, {
      ...(EnableDnsSupport && { dnsSupport: EnableDnsSupport.Value ? 1 : 0 }),
      ...(EnableDnsHostnames && { dnsHostnames: EnableDnsHostnames.Value ? 1 : 0 }),
    })
    return {}
  },
})
