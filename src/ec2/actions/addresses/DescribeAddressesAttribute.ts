import { listElastic } from '../../../control/addresses/find.ts'
import { describe } from '../../action.ts'
import { checkAddressAttribute } from '../../parse/reverse-names.ts'
import { renderAddressAttribute } from '../../render/address.ts'

/**
 * The reverse names of the caller's elastic addresses: of those that have one, or of those named.
 * Refuses: InvalidAllocationID.NotFound, InvalidParameterValue.
 * Source: EC2 API Reference, DescribeAddressesAttribute.
 */
export const DescribeAddressesAttribute = describe('DescribeAddressesAttribute', {
  async rows({ AllocationIds = [], Attribute = 'domain-name' }, { tx, caller }) {
    checkAddressAttribute(Attribute)
    const rows = await listElastic(tx, caller.account, { ids: AllocationIds })
    return AllocationIds.length > 0 ? rows : rows.filter((it) => it.reverseName !== null)
  },
  key: (row) => row.id,
  filters: {},
  render: renderAddressAttribute,
  assemble: (items) => ({ Addresses: items }),
})
