/** Private addresses of interfaces, and the public ones that lead to them. Source: EC2 API Reference, "NetworkInterfacePrivateIpAddress". */
import type { InstancePrivateIpAddress, NetworkInterfacePrivateIpAddress } from '@aws-sdk/client-ec2'
import { type InterfaceAddress, type LeadingAddress, publicNameOf } from '../../control/addresses/of-interfaces.ts'
import { type Cloud, privateName } from '../../model/cloud.ts'

/** Whose a public address is: one that is lent is `amazon`'s. Source: EC2 API Reference, "NetworkInterfaceAssociation". */
export function addressOwner({ elastic, accountId }: LeadingAddress): string {
  return elastic === 1 ? accountId : 'amazon'
}

export function renderPrivateAddress(cloud: Cloud, it: InterfaceAddress): NetworkInterfacePrivateIpAddress {
  return {
    Primary: it.primary,
    PrivateIpAddress: it.address,
    PrivateDnsName: privateName(cloud, it.address),
    ...(it.public && { Association: renderAssociation(cloud, it.public) }),
  }
}

export function renderAssociation(
  cloud: Cloud,
  row: LeadingAddress,
): NonNullable<NetworkInterfacePrivateIpAddress['Association']> {
  return {
    ...renderShortAssociation(cloud, row),
    ...(row.elastic === 1 && { AllocationId: row.id }),
    ...(row.associationId !== null && { AssociationId: row.associationId }),
  }
}

/** As DescribeInstances has it: without ids. Source: EC2 API Reference, "InstanceNetworkInterfaceAssociation". */
export function renderInstanceAddress(cloud: Cloud, it: InterfaceAddress): InstancePrivateIpAddress {
  return {
    Primary: it.primary,
    PrivateIpAddress: it.address,
    PrivateDnsName: privateName(cloud, it.address),
    ...(it.public && { Association: renderShortAssociation(cloud, it.public) }),
  }
}

export function renderShortAssociation(
  cloud: Cloud,
  row: LeadingAddress,
): NonNullable<InstancePrivateIpAddress['Association']> {
  return {
    IpOwnerId: addressOwner(row),
    PublicDnsName: publicNameOf(cloud, row),
    PublicIp: row.publicAddress,
  }
}
