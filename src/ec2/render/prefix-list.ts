import type { ManagedPrefixList } from '@aws-sdk/client-ec2'
import { type Tags, tagList } from '../../control/tags/tags.ts'
import { amazon } from '../../control/vpc-endpoints/services.ts'
import { ec2Arn } from '../../model/arns.ts'
import type { Cloud } from '../../model/cloud.ts'
import type { PrefixListEntryJson, PrefixListRow } from '../../store/tables/prefix-lists.ts'

/** Source: EC2 API Reference, "ManagedPrefixList". */
export function renderPrefixList(cloud: Cloud, row: PrefixListRow, tags: Tags): ManagedPrefixList {
  return {
    PrefixListId: row.id,
    AddressFamily: row.family,
    State: row.state,
    PrefixListArn: ec2Arn(cloud, row.accountId === amazon ? 'aws' : row.accountId, 'prefix-list', row.id),
    PrefixListName: row.name,
    ...(row.accountId !== amazon && { MaxEntries: row.maxEntries, Version: row.version }),
    Tags: tagList(tags),
    OwnerId: row.accountId,
  }
}

export function renderEntry({ cidr, description }: PrefixListEntryJson): { Cidr: string; Description?: string } {
  return { Cidr: cidr, ...(description !== undefined && { Description: description }) }
}
