import type { Subnet } from '@aws-sdk/client-ec2'
import { takenAddresses } from '../../../control/interfaces/allocate.ts'
import { type Tags, tagList, withTags } from '../../../control/tags/tags.ts'
import { usable } from '../../../control/vpcs/addresses.ts'
import { listSubnets } from '../../../control/vpcs/find.ts'
import { ec2Arn } from '../../../model/arns.ts'
import { zoneId } from '../../../model/cloud.ts'
import { tagFilters } from '../../../query/filters.ts'
import type { SubnetRow } from '../../../store/tables/resources.ts'
import { describe } from '../../action.ts'

interface Row extends SubnetRow {
  readonly tags: Tags
  readonly zoneId: string
  readonly arn: string
  readonly free: number
}

/**
 * The caller's subnets, with how many addresses each has left.
 * Refuses: InvalidSubnetID.NotFound.
 * Source: EC2 API Reference, DescribeSubnets, other names of filters included.
 */
export const DescribeSubnets = describe('DescribeSubnets', {
  async rows({ SubnetIds }, { tx, caller, cloud }): Promise<Row[]> {
    const rows = await withTags(tx, await listSubnets(tx, caller.account, SubnetIds))
    const full: Row[] = []
    for (const row of rows) {
      const { first, last } = usable(row.cidr)
      const free = last - first + 1 - (await takenAddresses(tx, row)).length
      const arn = ec2Arn(cloud, row.accountId, 'subnet', row.id)
      full.push({ ...row, arn, zoneId: zoneId(cloud, row.zone), free })
    }
    return full
  },
  key: (row) => row.id,
  filters: {
    ...tagFilters<Row>(),
    'availability-zone': (row) => row.zone,
    availabilityZone: (row) => row.zone,
    'availability-zone-id': (row) => row.zoneId,
    availabilityZoneId: (row) => row.zoneId,
    'available-ip-address-count': (row) => row.free,
    'cidr-block': (row) => row.cidr,
    cidr: (row) => row.cidr,
    cidrBlock: (row) => row.cidr,
    'customer-owned-ipv4-pool': () => undefined,
    'default-for-az': (row) => row.isDefault === 1,
    defaultForAz: (row) => row.isDefault === 1,
    'enable-dns64': () => false,
    'enable-lni-at-device-index': () => undefined,
    'ipv6-cidr-block-association.association-id': () => undefined,
    'ipv6-cidr-block-association.ipv6-cidr-block': () => undefined,
    'ipv6-cidr-block-association.state': () => undefined,
    'ipv6-native': () => false,
    'map-customer-owned-ip-on-launch': () => false,
    'map-public-ip-on-launch': (row) => row.mapsPublic === 1,
    'outpost-arn': () => undefined,
    'owner-id': (row) => row.accountId,
    'private-dns-name-options-on-launch.hostname-type': () => 'ip-name',
    'private-dns-name-options-on-launch.enable-resource-name-dns-a-record': () => false,
    'private-dns-name-options-on-launch.enable-resource-name-dns-aaaa-record': () => false,
    state: () => 'available',
    'subnet-arn': (row) => row.arn,
    'subnet-id': (row) => row.id,
    'vpc-id': (row) => row.vpcId,
  },
  render: (row): Subnet => ({
    SubnetId: row.id,
    SubnetArn: row.arn,
    VpcId: row.vpcId,
    OwnerId: row.accountId,
    State: 'available',
    AvailabilityZone: row.zone,
    AvailabilityZoneId: row.zoneId,
    CidrBlock: row.cidr,
    AvailableIpAddressCount: row.free,
    DefaultForAz: row.isDefault === 1,
    MapPublicIpOnLaunch: row.mapsPublic === 1,
    MapCustomerOwnedIpOnLaunch: false,
    AssignIpv6AddressOnCreation: false,
    Ipv6CidrBlockAssociationSet: [],
    Ipv6Native: false,
    EnableDns64: false,
    PrivateDnsNameOptionsOnLaunch: {
      HostnameType: 'ip-name',
      EnableResourceNameDnsARecord: false,
      EnableResourceNameDnsAAAARecord: false,
    },
    Tags: tagList(row.tags),
  }),
  assemble: (items) => ({ Subnets: items }),
})
