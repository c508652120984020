import { askForPeering } from '../../../control/peerings/change.ts'
import { withTags } from '../../../control/tags/tags.ts'
import { findVpc } from '../../../control/vpcs/find.ts'
import { refuse } from '../../../model/errors.ts'
import { action } from '../../action.ts'
import { fullPeering, renderPeering } from '../../render/peering.ts'

/**
 * Asks another VPC, of whatever account, for a peering. Where blocks overlap or there is no such VPC it has `failed` at once.
 * Refuses: InvalidVpcID.NotFound, VpcPeeringConnectionAlreadyExists, MissingParameter, UnsupportedOperation (another region).
 * Source: EC2 API Reference, CreateVpcPeeringConnection; VPC Peering Guide, "VPC peering connection lifecycle".
 */
export const CreateVpcPeeringConnection = action('CreateVpcPeeringConnection', {
  creates: ['vpc-peering-connection'],
  async run({ VpcId, PeerVpcId, PeerOwnerId, PeerRegion }, context) {
    const { tx, caller, cloud, now } = context
    if (PeerRegion && PeerRegion !== cloud.region)
      refuse('UnsupportedOperation', { message: 'Peering with another region is not served by this cloud.' })
    if (!PeerVpcId) return refuse('MissingParameter', { parameter: 'peerVpcId' })
    const requester = await findVpc(tx, caller.account, VpcId ?? '')
    const request = { requester, accepterAccount: PeerOwnerId || caller.account, accepterVpc: PeerVpcId }
    const row = await askForPeering(tx, request, context)
    await context.tag('vpc-peering-connection', row.id)
    const [full] = await withTags(tx, [row])
    return { VpcPeeringConnection: renderPeering(fullPeering(full!, cloud, now)) } // one for each row
  },
})
