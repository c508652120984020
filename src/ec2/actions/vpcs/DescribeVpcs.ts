import { noOptions } from '../../../control/dhcp-options/options.ts'
import { withTags } from '../../../control/tags/tags.ts'
import { blocksOf } from '../../../control/vpcs/cidrs.ts'
import { listVpcs } from '../../../control/vpcs/find.ts'
import { tagFilters } from '../../../query/filters.ts'
import { describe } from '../../action.ts'
import { type FullVpc, renderVpc } from '../../render/vpc.ts'

/**
 * The caller's VPCs.
 * Refuses: InvalidVpcID.NotFound.
 * Source: EC2 API Reference, DescribeVpcs; terraform-provider-aws for `isDefault` as a filter.
 */
export const DescribeVpcs = describe('DescribeVpcs', {
  async rows({ VpcIds }, { tx, caller }): Promise<FullVpc[]> {
    const rows = await withTags(tx, await listVpcs(tx, caller.account, VpcIds))
    const blocks = await blocksOf(tx, rows)
    return rows.map((row) => ({ ...row, blocks: blocks.get(row.id) ?? [] }))
  },
  key: (row) => row.id,
  filters: {
    ...tagFilters<FullVpc>(),
    cidr: (row) => row.cidr,
    'cidr-block-association.association-id': (row) => row.blocks.map((it) => it.id),
    'cidr-block-association.cidr-block': (row) => row.blocks.map((it) => it.cidr),
    'cidr-block-association.state': () => 'associated',
    'dhcp-options-id': (row) => row.dhcpOptionsId ?? noOptions,
    'instance-tenancy': () => 'default',
    'ipv6-cidr-block-association.association-id': () => undefined,
    'ipv6-cidr-block-association.ipv6-cidr-block': () => undefined,
    'ipv6-cidr-block-association.ipv6-pool': () => undefined,
    'ipv6-cidr-block-association.state': () => undefined,
    'is-default': (row) => row.isDefault === 1,
    isDefault: (row) => row.isDefault === 1,
    'owner-id': (row) => row.accountId,
    state: () => 'available',
    'vpc-id': (row) => row.id,
  },
  render: renderVpc,
  assemble: (items) => ({ Vpcs: items }),
})
