import { addVpcBlock6 } from '../../../control/ipv6/vpc-blocks.ts'
import { readBlock } from '../../../control/vpcs/blocks.ts'
import { makeVpc } from '../../../control/vpcs/make.ts'
import { action } from '../../action.ts'
import { asksForBlock6 } from '../../parse/ipv6-blocks.ts'
import { refuseParameters } from '../../parse/not-served.ts'
import { fullVpcs, renderVpc } from '../../render/vpc.ts'

/**
 * Makes a VPC with a main route table and a default group, and with a block of IPv6 where that is asked for. It has no way out
 * until a gateway is attached and routed to.
 * Refuses: InvalidVpc.Range, InvalidParameterValue, VpcLimitExceeded, MissingParameter, UnsupportedOperation.
 * Source: EC2 API Reference, CreateVpc.
 */
export const CreateVpc = action('CreateVpc', {
  creates: ['vpc'],
  async run(input, context) {
    const { tx, caller, cloud } = context
    refuseParameters(input, ['Ipv4IpamPoolId', 'Ipv4NetmaskLength', 'VpcEncryptionControl'])
    const six = asksForBlock6(input, cloud.region)
    if (input.InstanceTenancy !== 'default') refuseParameters(input, ['InstanceTenancy'])
    const cidr = readBlock(input.CidrBlock)
    const vpc = await makeVpc(tx, { account: caller.account, cidr, isDefault: false }, context)
    if (six) await addVpcBlock6(tx, vpc, context)
    await context.tag('vpc', vpc.id)
    const [full] = await fullVpcs(tx, [vpc])
    return { Vpc: renderVpc(cloud.region, full!) } // one for each row
  },
})
