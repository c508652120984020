import { deletePeering } from '../../../control/peerings/change.ts'
import { findPeering } from '../../../control/peerings/find.ts'
import { action } from '../../action.ts'

/**
 * Ends a peering, from either side.
 * Refuses: InvalidVpcPeeringConnectionID.NotFound, InvalidStateTransition.
 * Source: EC2 API Reference, DeleteVpcPeeringConnection.
 */
export const DeleteVpcPeeringConnection = action('DeleteVpcPeeringConnection', {
  async run({ VpcPeeringConnectionId }, { tx, caller, now }) {
    await deletePeering(tx, await findPeering(tx, caller.account, now, VpcPeeringConnectionId ?? ''), now)
    return { Return: true }
  },
})
