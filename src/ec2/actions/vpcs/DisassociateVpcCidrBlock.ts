import { removeVpcBlock6, vpcBlocks6 } from '../../../control/ipv6/vpc-blocks.ts'
import { findBlock, removeBlock } from '../../../control/vpcs/cidrs.ts'
import { listVpcs } from '../../../control/vpcs/find.ts'
import { action } from '../../action.ts'
import { renderVpcBlock6 } from '../../render/ipv6-blocks.ts'

/**
 * Takes a block of addresses from its VPC, in which no subnet is.
 * Refuses: InvalidVpcCidrBlockAssociationID.NotFound, OperationNotPermitted, InvalidCidrBlock.InUse.
 * Source: EC2 API Reference, DisassociateVpcCidrBlock.
 */
export const DisassociateVpcCidrBlock = action('DisassociateVpcCidrBlock', {
  async run({ AssociationId }, { tx, caller, cloud }) {
    const vpcs = await listVpcs(tx, caller.account)
    const ids = vpcs.map((it) => it.id)
    const six = (await vpcBlocks6(tx, ids)).find((it) => it.id === AssociationId)
    if (six) {
      await removeVpcBlock6(tx, six)
      return { VpcId: six.vpcId, Ipv6CidrBlockAssociation: renderVpcBlock6(cloud.region, six, 'disassociated') }
    }
    const block = await findBlock(tx, vpcs, AssociationId ?? '')
    await removeBlock(tx, block)
    return {
      VpcId: block.vpcId,
      CidrBlockAssociation: {
        AssociationId: block.id,
        CidrBlock: block.cidr,
        CidrBlockState: { State: 'disassociated' },
      },
    }
  },
})
