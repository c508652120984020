import type { VpcPeeringConnection, VpcPeeringConnectionVpcInfo } from '@aws-sdk/client-ec2'
import { stateAt } from '../../control/peerings/find.ts'
import { type Tags, tagList } from '../../control/tags/tags.ts'
import type { Cloud } from '../../model/cloud.ts'
import { peeringStates } from '../../model/network-states.ts'
import type { PeeringRow } from '../../store/tables/vpcs.ts'

export type FullPeering = PeeringRow & { readonly tags: Tags; readonly region: string; readonly now: Date }

/** The accepter's blocks are told once it has accepted. Source: EC2 API Reference, "VpcPeeringConnectionVpcInfo". */
export function renderPeering(row: FullPeering): VpcPeeringConnection {
  const state = stateAt(row, row.now)
  return {
    VpcPeeringConnectionId: row.id,
    Status: { Code: state, Message: peeringStates[state].message(row.accepterAccountId) },
    ...(state === 'pending-acceptance' && { ExpirationTime: new Date(row.expiresAt) }),
    RequesterVpcInfo: side(row.region, row.requesterAccountId, row.requesterVpcId, row.requesterCidrsJson),
    AccepterVpcInfo: side(
      row.region,
      row.accepterAccountId,
      row.accepterVpcId,
      state === 'active' ? row.accepterCidrsJson : '[]',
    ),
    Tags: tagList(row.tags),
  }
}

export function fullPeering(row: PeeringRow & { readonly tags: Tags }, { region }: Cloud, now: Date): FullPeering {
  return { ...row, region, now }
}

function side(region: string, account: string, vpc: string, cidrsJson: string): VpcPeeringConnectionVpcInfo {
  const cidrs = JSON.parse(cidrsJson) as string[]
  return {
    OwnerId: account,
    VpcId: vpc,
    Region: region,
    ...(cidrs[0] !== undefined && {
      CidrBlock: cidrs[0],
      CidrBlockSet: cidrs.map((CidrBlock) => ({ CidrBlock })),
      PeeringOptions: {
        AllowDnsResolutionFromRemoteVpc: false,
        AllowEgressFromLocalClassicLinkToRemoteVpc: false,
        AllowEgressFromLocalVpcToRemoteClassicLink: false,
      },
    }),
  }
}
