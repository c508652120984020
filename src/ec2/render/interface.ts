/** Network interfaces as answers have them by themselves. Source: EC2 API Reference, "NetworkInterface". */
import type { NetworkInterface, NetworkInterfaceAttachment } from '@aws-sdk/client-ec2'
import type { AttachedInterface } from '../../control/instances/find.ts'
import { type Tags, tagList } from '../../control/tags/tags.ts'
import { type Cloud, privateName, zoneId } from '../../model/cloud.ts'
import { renderAssociation, renderPrivateAddress } from './private-addresses.ts'

export interface FullInterface extends AttachedInterface {
  readonly id: string
  readonly tags: Tags
}

export function renderInterface(
  cloud: Cloud,
  { row, addresses, six, groups, tags, isNat }: FullInterface,
): NetworkInterface {
  const name = privateName(cloud, row.privateAddress)
  const leading = addresses[0].public
  return {
    NetworkInterfaceId: row.id,
    SubnetId: row.subnetId,
    VpcId: row.vpcId,
    AvailabilityZone: row.zone,
    AvailabilityZoneId: zoneId(cloud, row.zone),
    OwnerId: row.accountId,
    Description: row.description,
    // The model has another word than EC2 answers. Source: EC2 API Reference, DescribeNetworkInterfaces, filter interface-type.
    InterfaceType: isNat ? ('nat_gateway' as 'natGateway') : 'interface',
    RequesterManaged: isNat,
    Status: row.instanceId === null && !isNat ? 'available' : 'in-use',
    MacAddress: row.mac,
    PrivateIpAddress: row.privateAddress,
    PrivateDnsName: name,
    SourceDestCheck: row.sourceDestCheck === 1,
    Groups: groups.map((it) => ({ GroupId: it.id, GroupName: it.name })),
    PrivateIpAddresses: addresses.map((it) => renderPrivateAddress(cloud, it)),
    ...(six[0] !== undefined && { Ipv6Address: six[0] }),
    Ipv6Addresses: six.map((Ipv6Address) => ({ Ipv6Address })),
    ...(row.instanceId !== null && { Attachment: renderAttachment(row) }),
    ...(leading && { Association: renderAssociation(cloud, leading) }),
    TagSet: tagList(tags),
  }
}

export function renderAttachment(row: AttachedInterface['row']): NetworkInterfaceAttachment {
  return {
    AttachmentId: row.attachmentId ?? undefined,
    AttachTime: new Date(row.attachedAt ?? row.createdAt),
    DeleteOnTermination: row.deleteOnTermination === 1,
    DeviceIndex: row.deviceIndex ?? 0,
    InstanceId: row.instanceId ?? undefined,
    InstanceOwnerId: row.accountId,
    NetworkCardIndex: 0,
    Status: row.attachmentState,
  }
}
