import { listSubnets } from '../../../control/vpcs/find.ts'
import { tagFilters } from '../../../query/filters.ts'
import { describe } from '../../action.ts'
import { type FullSubnet, fullSubnets, renderSubnet } from '../../render/subnet.ts'

/**
 * The caller's subnets, with how many addresses each has left.
 * Refuses: InvalidSubnetID.NotFound.
 * Source: EC2 API Reference, DescribeSubnets, other names of filters included.
 */
export const DescribeSubnets = describe('DescribeSubnets', {
  rows: async ({ SubnetIds }, { tx, caller, cloud }): Promise<FullSubnet[]> =>
    fullSubnets(tx, cloud, await listSubnets(tx, caller.account, SubnetIds)),
  key: (row) => row.id,
  filters: {
    ...tagFilters<FullSubnet>(),
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
    'ipv6-cidr-block-association.association-id': (row) => row.block6?.id,
    'ipv6-cidr-block-association.ipv6-cidr-block': (row) => row.block6?.cidr,
    'ipv6-cidr-block-association.state': (row) => row.block6 && 'associated',
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
  render: renderSubnet,
  assemble: (items) => ({ Subnets: items }),
})
