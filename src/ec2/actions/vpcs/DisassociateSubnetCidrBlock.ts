import { removeSubnetBlock6, subnetBlocks6 } from '../../../control/ipv6/subnet-blocks.ts'
import { listSubnets } from '../../../control/vpcs/find.ts'
import { refuse } from '../../../model/errors.ts'
import { action } from '../../action.ts'
import { renderSubnetBlock6 } from '../../render/ipv6-blocks.ts'

/**
 * Takes its block of IPv6 from a subnet.
 * Refuses: InvalidSubnetCidrBlockAssociationID.NotFound; InvalidCidrBlock.InUse while an interface has an address of it.
 * Source: EC2 API Reference, DisassociateSubnetCidrBlock.
 */
export const DisassociateSubnetCidrBlock = action('DisassociateSubnetCidrBlock', {
  async run({ AssociationId: id = '' }, { tx, caller }) {
    const ids = (await listSubnets(tx, caller.account)).map((it) => it.id)
    const block = [...(await subnetBlocks6(tx, ids)).values()].find((it) => it.id === id)
    if (!block) return refuse('InvalidSubnetCidrBlockAssociationID.NotFound', { id })
    await removeSubnetBlock6(tx, block)
    return { SubnetId: block.subnetId, Ipv6CidrBlockAssociation: renderSubnetBlock6(block, 'disassociated') }
  },
})
