import { findBlock, removeBlock } from '../../../control/vpcs/cidrs.ts'
import { listVpcs } from '../../../control/vpcs/find.ts'
import { action } from '../../action.ts'

/**
 * Takes a block of addresses from its VPC, in which no subnet is.
 * Refuses: InvalidVpcCidrBlockAssociationID.NotFound, OperationNotPermitted, InvalidCidrBlock.InUse.
 * Source: EC2 API Reference, DisassociateVpcCidrBlock.
 */
export const DisassociateVpcCidrBlock = action('DisassociateVpcCidrBlock', {
  async run({ AssociationId }, { tx, caller }) {
    const block = await findBlock(tx, await listVpcs(tx, caller.account), AssociationId ?? '')
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
