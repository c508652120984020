import type { Vpc } from '@aws-sdk/client-ec2'
import { type Tags, tagList, withTags } from '../../../control/tags/tags.ts'
import { listVpcs } from '../../../control/vpcs/find.ts'
import { tagFilters } from '../../../query/filters.ts'
import type { VpcRow } from '../../../store/tables/resources.ts'
import { describe } from '../../action.ts'

type Row = VpcRow & { readonly tags: Tags }

/** A VPC's DHCP options, while there are none of its own. Source: VPC User Guide, "DHCP option sets": `default` stands for no options. */
const dhcpOptions = 'default'

/**
 * The caller's VPCs.
 * Refuses: InvalidVpcID.NotFound.
 * Source: EC2 API Reference, DescribeVpcs; terraform-provider-aws for `isDefault` as a filter.
 */
export const DescribeVpcs = describe('DescribeVpcs', {
  rows: async ({ VpcIds }, { tx, caller }): Promise<Row[]> => withTags(tx, await listVpcs(tx, caller.account, VpcIds)),
  key: (row) => row.id,
  filters: {
    ...tagFilters<Row>(),
    cidr: (row) => row.cidr,
    'cidr-block-association.association-id': associationId,
    'cidr-block-association.cidr-block': (row) => row.cidr,
    'cidr-block-association.state': () => 'associated',
    'dhcp-options-id': () => dhcpOptions,
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
  render: (row): Vpc => ({
    VpcId: row.id,
    OwnerId: row.accountId,
    State: 'available',
    CidrBlock: row.cidr,
    CidrBlockAssociationSet: [
      { AssociationId: associationId(row), CidrBlock: row.cidr, CidrBlockState: { State: 'associated' } },
    ],
    DhcpOptionsId: dhcpOptions,
    InstanceTenancy: 'default',
    IsDefault: row.isDefault === 1,
    Tags: tagList(row.tags),
  }),
  assemble: (items) => ({ Vpcs: items }),
})

/** The first block of a VPC is its own for life, so its association is named by the VPC. */
function associationId({ id }: VpcRow): string {
  return id.replace(/^vpc-/, 'vpc-cidr-assoc-')
}
