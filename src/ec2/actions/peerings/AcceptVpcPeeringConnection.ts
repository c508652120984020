import { acceptPeering } from '../../../control/peerings/change.ts'
import { findPeering } from '../../../control/peerings/find.ts'
import { withTags } from '../../../control/tags/tags.ts'
import { action } from '../../action.ts'
import { fullPeering, renderPeering } from '../../render/peering.ts'

/**
 * Accepts a peering that another VPC asked for. Packets take it where routes on both sides lead to it.
 * Refuses: InvalidVpcPeeringConnectionID.NotFound, OperationNotPermitted, InvalidStateTransition.
 * Source: EC2 API Reference, AcceptVpcPeeringConnection.
 */
export const AcceptVpcPeeringConnection = action('AcceptVpcPeeringConnection', {
  async run({ VpcPeeringConnectionId }, { tx, caller, cloud, now }) {
    const found = await findPeering(tx, caller.account, now, VpcPeeringConnectionId ?? '')
    const [full] = await withTags(tx, [await acceptPeering(tx, found, caller.account, now)])
    return { VpcPeeringConnection: renderPeering(fullPeering(full!, cloud, now)) } // one for each row
  },
})
