import type {
  VpcPeeringConnection,
  VpcPeeringConnectionOptionsDescription,
  VpcPeeringConnectionVpcInfo,
} from '@aws-sdk/client-ec2'
import { stateAt } from '../../control/peerings/find.ts'
import { type Tags, tagList } from '../../control/tags/tags.ts'
import type { Cloud } from '../../model/cloud.ts'
import { peeringStates } from '../../model/network-states.ts'
import type { Truth } from '../../store/tables/resources.ts'
import type { PeeringRow } from '../../store/tables/vpcs.ts'

export type FullPeering = PeeringRow & { readonly tags: Tags; readonly region: string; readonly now: Date }

/** The accepter's blocks are told once it has accepted. Source: EC2 API Reference, "VpcPeeringConnectionVpcInfo". */
export function renderPeering(row: FullPeering): VpcPeeringConnection {
  const state = stateAt(row, row.now)
  return {
    VpcPeeringConnectionId: row.id,
    Status: { Code: state, Message: peeringStates[state].message(row.accepterAccountId) },
    ...(state === 'pending-acceptance' && { ExpirationTime: new Date(row.expiresAt) }),
    RequesterVpcInfo: {
      OwnerId: row.requesterAccountId,
      VpcId: row.requesterVpcId,
      Region: row.region,
      ...blocks(row.requesterCidrsJson, row.requesterSharesNames),
    },
    AccepterVpcInfo: {
      OwnerId: row.accepterAccountId,
      VpcId: row.accepterVpcId,
      Region: row.region,
      ...(state === 'active' && blocks(row.accepterCidrsJson, row.accepterSharesNames)),
    },
    Tags: tagList(row.tags),
  }
}

export function fullPeering(row: PeeringRow & { readonly tags: Tags }, { region }: Cloud, now: Date): FullPeering {
  return { ...row, region, now }
}

/** ClassicLink is none of ours. */
export function peeringOptions(sharesNames: Truth): VpcPeeringConnectionOptionsDescription {
  return {
    AllowDnsResolutionFromRemoteVpc: sharesNames === 1,
    AllowEgressFromLocalClassicLinkToRemoteVpc: false,
    AllowEgressFromLocalVpcToRemoteClassicLink: false,
  }
}

function blocks(cidrsJson: string, sharesNames: Truth): VpcPeeringConnectionVpcInfo {
  const cidrs = JSON.parse(cidrsJson) as string[]
  if (cidrs[0] === undefined) return {}
  return {
    CidrBlock: cidrs[0],
    CidrBlockSet: cidrs.map((CidrBlock) => ({ CidrBlock })),
    PeeringOptions: peeringOptions(sharesNames),
  }
}
