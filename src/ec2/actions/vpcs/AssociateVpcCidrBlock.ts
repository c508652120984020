import { readBlock } from '../../../control/vpcs/blocks.ts'
import { addBlock } from '../../../control/vpcs/cidrs.ts'
import { findVpc } from '../../../control/vpcs/find.ts'
import { action } from '../../action.ts'
import { refuseParameters } from '../../parse/not-served.ts'

/**
 * Gives a VPC another block of addresses, at once.
 * Refuses: InvalidVpcID.NotFound, InvalidVpc.Range, InvalidVpc.Conflict (Guess: the code), CidrLimitExceeded.
 * Source: EC2 API Reference, AssociateVpcCidrBlock.
 */
export const AssociateVpcCidrBlock = action('AssociateVpcCidrBlock', {
  async run(input, { tx, caller, random }) {
    refuseParameters(input, [
      ...(['AmazonProvidedIpv6CidrBlock', 'Ipv6Pool', 'Ipv6CidrBlock', 'Ipv4IpamPoolId', 'Ipv4NetmaskLength'] as const),
      ...(['Ipv6IpamPoolId', 'Ipv6NetmaskLength'] as const),
    ])
    const vpc = await findVpc(tx, caller.account, input.VpcId ?? '')
    const { id, cidr } = await addBlock(tx, vpc, readBlock(input.CidrBlock), random)
    return {
      VpcId: vpc.id,
      CidrBlockAssociation: { AssociationId: id, CidrBlock: cidr, CidrBlockState: { State: 'associated' } },
    }
  },
})
