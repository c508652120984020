import { listOptions, optionsOf } from '../../../control/dhcp-options/options.ts'
import { type Tags, withTags } from '../../../control/tags/tags.ts'
import { tagFilters } from '../../../query/filters.ts'
import type { DhcpOptionsRow } from '../../../store/tables/vpcs.ts'
import { describe } from '../../action.ts'
import { renderDhcpOptions } from '../../render/dhcp-options.ts'

type Row = DhcpOptionsRow & { readonly tags: Tags }

/**
 * The caller's sets of DHCP options.
 * Refuses: InvalidDhcpOptionID.NotFound.
 * Source: EC2 API Reference, DescribeDhcpOptions.
 */
export const DescribeDhcpOptions = describe('DescribeDhcpOptions', {
  rows: async ({ DhcpOptionsIds }, { tx, caller }): Promise<Row[]> =>
    withTags(tx, await listOptions(tx, caller.account, DhcpOptionsIds)),
  key: (row) => row.id,
  filters: {
    ...tagFilters<Row>(),
    'dhcp-options-id': (row) => row.id,
    key: (row) => Object.keys(optionsOf(row)),
    value: (row) => Object.values(optionsOf(row)).flat(),
    'owner-id': (row) => row.accountId,
  },
  render: renderDhcpOptions,
  assemble: (items) => ({ DhcpOptions: items }),
})
