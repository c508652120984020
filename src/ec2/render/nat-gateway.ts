import type { NatGateway } from '@aws-sdk/client-ec2'
import { type Tags, tagList } from '../../control/tags/tags.ts'
import type { NatGatewayRow } from '../../store/tables/vpcs.ts'

export function renderNatGateway(row: NatGatewayRow & { readonly tags: Tags }): NatGateway {
  return {
    NatGatewayId: row.id,
    VpcId: row.vpcId,
    SubnetId: row.subnetId,
    State: row.state,
    ConnectivityType: 'public',
    // The only way in which one can fail here.
    ...(row.state === 'failed' && {
      FailureCode: 'Gateway.NotAttached',
      FailureMessage: `Network ${row.vpcId} has no Internet gateway attached`,
    }),
    CreateTime: new Date(row.createdAt),
    ...(row.deletedAt !== null && { DeleteTime: new Date(row.deletedAt) }),
    NatGatewayAddresses: [
      {
        AllocationId: row.allocationId,
        NetworkInterfaceId: row.interfaceId,
        PrivateIp: row.privateAddress,
        PublicIp: row.publicAddress,
        IsPrimary: true,
        Status: 'succeeded',
      },
    ],
    Tags: tagList(row.tags),
  }
}
