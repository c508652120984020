import { rejectPeering } from '../../../control/peerings/change.ts'
import { findPeering } from '../../../control/peerings/find.ts'
import { action } from '../../action.ts'

/**
 * Rejects a peering that another VPC asked for.
 * Refuses: InvalidVpcPeeringConnectionID.NotFound, OperationNotPermitted, InvalidStateTransition.
 * Source: EC2 API Reference, RejectVpcPeeringConnection.
 */
export const RejectVpcPeeringConnection = action('RejectVpcPeeringConnection', {
  async run({ VpcPeeringConnectionId }, { tx, caller, now }) {
    await rejectPeering(
      tx,
      await findPeering(tx, caller.account, now, VpcPeeringConnectionId ?? ''),
      caller.account,
      now,
    )
    return { Return: true }
  },
})
