import { noOptions } from '../../../control/dhcp-options/options.ts'
import { listVpcs } from '../../../control/vpcs/find.ts'
import { tagFilters } from '../../../query/filters.ts'
import { describe } from '../../action.ts'
import { amazonPool } from '../../render/ipv6-blocks.ts'
import { type FullVpc, fullVpcs, renderVpc } from '../../render/vpc.ts'

/**
 * The caller's VPCs.
 * Refuses: InvalidVpcID.NotFound.
 * Source: EC2 API Reference, DescribeVpcs; terraform-provider-aws for `isDefault` as a filter.
 */
export const DescribeVpcs = describe('DescribeVpcs', {
  rows: async ({ VpcIds }, { tx, caller }): Promise<FullVpc[]> =>
    fullVpcs(tx, await listVpcs(tx, caller.account, VpcIds)),
  key: (row) => row.id,
  filters: {
    ...tagFilters<FullVpc>(),
    cidr: (row) => row.cidr,
    'cidr-block-association.association-id': (row) => row.blocks.map((it) => it.id),
    'cidr-block-association.cidr-block': (row) => row.blocks.map((it) => it.cidr),
    'cidr-block-association.state': () => 'associated',
    'dhcp-options-id': (row) => row.dhcpOptionsId ?? noOptions,
    'instance-tenancy': () => 'default',
    'ipv6-cidr-block-association.association-id': (row) => row.blocks6.map((it) => it.id),
    'ipv6-cidr-block-association.ipv6-cidr-block': (row) => row.blocks6.map((it) => it.cidr),
    'ipv6-cidr-block-association.ipv6-pool': (row) => row.blocks6.map(() => amazonPool),
    'ipv6-cidr-block-association.state': (row) => row.blocks6.map(() => 'associated'),
    'is-default': (row) => row.isDefault === 1,
    isDefault: (row) => row.isDefault === 1,
    'owner-id': (row) => row.accountId,
    state: () => 'available',
    'vpc-id': (row) => row.id,
  },
  render: (row, { cloud }) => renderVpc(cloud.region, row),
  assemble: (items) => ({ Vpcs: items }),
})
