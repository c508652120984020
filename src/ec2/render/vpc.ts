import type { Vpc } from '@aws-sdk/client-ec2'
import { noOptions } from '../../control/dhcp-options/options.ts'
import { type Tags, tagList } from '../../control/tags/tags.ts'
import type { VpcRow } from '../../store/tables/resources.ts'
import type { VpcBlockRow } from '../../store/tables/vpcs.ts'

export interface FullVpc extends VpcRow {
  readonly tags: Tags
  readonly blocks: readonly VpcBlockRow[]
}

export function renderVpc(row: FullVpc): Vpc {
  return {
    VpcId: row.id,
    OwnerId: row.accountId,
    State: 'available',
    CidrBlock: row.cidr,
    CidrBlockAssociationSet: row.blocks.map((it) => ({
      AssociationId: it.id,
      CidrBlock: it.cidr,
      CidrBlockState: { State: 'associated' },
    })),
    DhcpOptionsId: row.dhcpOptionsId ?? noOptions,
    InstanceTenancy: 'default',
    IsDefault: row.isDefault === 1,
    Tags: tagList(row.tags),
  }
}
