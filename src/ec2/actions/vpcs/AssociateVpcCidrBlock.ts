import { addVpcBlock6 } from '../../../control/ipv6/vpc-blocks.ts'
import { readBlock } from '../../../control/vpcs/blocks.ts'
import { addBlock } from '../../../control/vpcs/cidrs.ts'
import { findVpc } from '../../../control/vpcs/find.ts'
import { refuse } from '../../../model/errors.ts'
import { action } from '../../action.ts'
import { asksForBlock6 } from '../../parse/ipv6-blocks.ts'
import { refuseParameters } from '../../parse/not-served.ts'
import { renderVpcBlock6 } from '../../render/ipv6-blocks.ts'

/**
 * Gives a VPC another block of addresses, of IPv4 or of IPv6, at once.
 * Refuses: InvalidVpcID.NotFound, InvalidVpc.Range, InvalidVpc.Conflict (Guess: the code), CidrLimitExceeded.
 * Source: EC2 API Reference, AssociateVpcCidrBlock.
 */
export const AssociateVpcCidrBlock = action('AssociateVpcCidrBlock', {
  async run(input, context) {
    const { tx, caller, random, cloud } = context
    refuseParameters(input, ['Ipv4IpamPoolId', 'Ipv4NetmaskLength'])
    const six = asksForBlock6(input, cloud.region)
    const vpc = await findVpc(tx, caller.account, input.VpcId ?? '')
    if (six && input.CidrBlock)
      refuse('InvalidParameterCombination', { message: 'Only one CIDR block can be associated at a time.' })
    if (six) {
      const block = await addVpcBlock6(tx, vpc, context)
      return { VpcId: vpc.id, Ipv6CidrBlockAssociation: renderVpcBlock6(cloud.region, block) }
    }
    const { id, cidr } = await addBlock(tx, vpc, readBlock(input.CidrBlock), random)
    return {
      VpcId: vpc.id,
      CidrBlockAssociation: { AssociationId: id, CidrBlock: cidr, CidrBlockState: { State: 'associated' } },
    }
  },
})
