import type { PeeringConnectionOptionsRequest } from '@aws-sdk/client-ec2'
import { findPeering } from '../../../control/peerings/find.ts'
import { changeNames } from '../../../control/peerings/options.ts'
import { refuse } from '../../../model/errors.ts'
import { action } from '../../action.ts'
import { peeringOptions } from '../../render/peering.ts'

/**
 * Lets public names of one side's instances lead guests of the other to private addresses, or no longer. Each side's owner
 * decides for it; both VPCs need DNS support and host names for it to be heard.
 * Refuses: InvalidVpcPeeringConnectionID.NotFound, OperationNotPermitted, UnsupportedOperation (ClassicLink).
 * Source: EC2 API Reference, ModifyVpcPeeringConnectionOptions; VPC Peering Guide, "Enable DNS resolution".
 */
export const ModifyVpcPeeringConnectionOptions = action('ModifyVpcPeeringConnectionOptions', {
  async run(input, { tx, caller, now }) {
    const { RequesterPeeringConnectionOptions: requester, AccepterPeeringConnectionOptions: accepter } = input
    const row = await findPeering(tx, caller.account, now, input.VpcPeeringConnectionId ?? '')
    const shares = {
      ...sharedBy('requester', requester),
      ...sharedBy('accepter', accepter),
    }
    const changed = await changeNames(tx, row, shares, { account: caller.account, now })
    return {
      ...(requester && { RequesterPeeringConnectionOptions: peeringOptions(changed.requesterSharesNames) }),
      ...(accepter && { AccepterPeeringConnectionOptions: peeringOptions(changed.accepterSharesNames) }),
    }
  },
})

function sharedBy(side: 'requester' | 'accepter', options: PeeringConnectionOptionsRequest | undefined) {
  if (options?.AllowEgressFromLocalClassicLinkToRemoteVpc || options?.AllowEgressFromLocalVpcToRemoteClassicLink)
    refuse('UnsupportedOperation', { message: 'ClassicLink is not served by this cloud.' })
  const allowed = options?.AllowDnsResolutionFromRemoteVpc
  return allowed === undefined ? {} : { [side]: allowed }
}
