import { tagsOf } from '../../../control/tags/tags.ts'
import { readBlock } from '../../../control/vpcs/blocks.ts'
import { blocksOf } from '../../../control/vpcs/cidrs.ts'
import { makeVpc } from '../../../control/vpcs/make.ts'
import { action } from '../../action.ts'
import { refuseParameters } from '../../parse/not-served.ts'
import { renderVpc } from '../../render/vpc.ts'

/**
 * Makes a VPC with a main route table and a default group. It has no way out until a gateway is attached and routed to.
 * Refuses: InvalidVpc.Range, InvalidParameterValue, VpcLimitExceeded, MissingParameter, UnsupportedOperation.
 * Source: EC2 API Reference, CreateVpc.
 */
export const CreateVpc = action('CreateVpc', {
  creates: ['vpc'],
  async run(input, context) {
    const { tx, caller } = context
    refuseParameters(input, [
      ...(['AmazonProvidedIpv6CidrBlock', 'Ipv6Pool', 'Ipv6CidrBlock', 'Ipv4IpamPoolId', 'Ipv4NetmaskLength'] as const),
      ...(['Ipv6IpamPoolId', 'Ipv6NetmaskLength', 'VpcEncryptionControl'] as const),
    ])
    if (input.InstanceTenancy !== 'default') refuseParameters(input, ['InstanceTenancy'])
    const cidr = readBlock(input.CidrBlock)
    const vpc = await makeVpc(tx, { account: caller.account, cidr, isDefault: false }, context)
    await context.tag('vpc', vpc.id)
    const tags = (await tagsOf(tx, [vpc.id])).get(vpc.id) ?? {}
    return { Vpc: renderVpc({ ...vpc, tags, blocks: (await blocksOf(tx, [vpc])).get(vpc.id) ?? [] }) }
  },
})
