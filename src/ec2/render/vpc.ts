import type { Vpc } from '@aws-sdk/client-ec2'
import { noOptions } from '../../control/dhcp-options/options.ts'
import { vpcBlocks6 } from '../../control/ipv6/vpc-blocks.ts'
import { type Tags, tagList, withTags } from '../../control/tags/tags.ts'
import { blocksOf } from '../../control/vpcs/cidrs.ts'
import type { Reader } from '../../store/store.ts'
import type { VpcIpv6BlockRow } from '../../store/tables/ipv6.ts'
import type { VpcRow } from '../../store/tables/resources.ts'
import type { VpcBlockRow } from '../../store/tables/vpcs.ts'
import { renderVpcBlock6 } from './ipv6-blocks.ts'

export interface FullVpc extends VpcRow {
  readonly tags: Tags
  readonly blocks: readonly VpcBlockRow[]
  readonly blocks6: readonly VpcIpv6BlockRow[]
}

/** VPCs with what answers say of them. */
export async function fullVpcs(reader: Reader, rows: readonly VpcRow[]): Promise<FullVpc[]> {
  const blocks = await blocksOf(reader, rows)
  const ids = rows.map((it) => it.id)
  const blocks6 = Map.groupBy(await vpcBlocks6(reader, ids), (it) => it.vpcId)
  return (await withTags(reader, rows)).map((row) => ({
    ...row,
    blocks: blocks.get(row.id) ?? [],
    blocks6: blocks6.get(row.id) ?? [],
  }))
}

export function renderVpc(region: string, row: FullVpc): Vpc {
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
    Ipv6CidrBlockAssociationSet: row.blocks6.map((it) => renderVpcBlock6(region, it)),
    DhcpOptionsId: row.dhcpOptionsId ?? noOptions,
    InstanceTenancy: 'default',
    IsDefault: row.isDefault === 1,
    Tags: tagList(row.tags),
  }
}
