import type { DhcpOptions } from '@aws-sdk/client-ec2'
import { optionsOf } from '../../control/dhcp-options/options.ts'
import { type Tags, tagList } from '../../control/tags/tags.ts'
import type { DhcpOptionsRow } from '../../store/tables/vpcs.ts'

export function renderDhcpOptions(row: DhcpOptionsRow & { readonly tags: Tags }): DhcpOptions {
  return {
    DhcpOptionsId: row.id,
    OwnerId: row.accountId,
    DhcpConfigurations: Object.entries(optionsOf(row)).map(([Key, values]) => ({
      Key,
      Values: values.map((Value) => ({ Value })),
    })),
    Tags: tagList(row.tags),
  }
}
