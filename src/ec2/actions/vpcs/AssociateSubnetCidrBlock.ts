import { addSubnetBlock6 } from '../../../control/ipv6/subnet-blocks.ts'
import { findSubnet } from '../../../control/vpcs/find.ts'
import { refuse } from '../../../model/errors.ts'
import { action } from '../../action.ts'
import { refuseParameters } from '../../parse/not-served.ts'
import { renderSubnetBlock6 } from '../../render/ipv6-blocks.ts'

/**
 * Gives a subnet a block of IPv6: a /64 of one of its VPC's.
 * Refuses: InvalidSubnetID.NotFound, InvalidSubnet.Range, InvalidSubnet.Conflict, InvalidParameterValue, MissingParameter.
 * Source: EC2 API Reference, AssociateSubnetCidrBlock.
 */
export const AssociateSubnetCidrBlock = action('AssociateSubnetCidrBlock', {
  async run(input, { tx, caller, random }) {
    refuseParameters(input, ['Ipv6IpamPoolId', 'Ipv6NetmaskLength'])
    if (!input.Ipv6CidrBlock) return refuse('MissingParameter', { parameter: 'ipv6CidrBlock' })
    const subnet = await findSubnet(tx, caller.account, input.SubnetId ?? '')
    const block = await addSubnetBlock6(tx, subnet, input.Ipv6CidrBlock, random)
    return { SubnetId: subnet.id, Ipv6CidrBlockAssociation: renderSubnetBlock6(block) }
  },
})
