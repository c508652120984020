import { describe } from '../../action.ts'
import { none, ofNone } from '../../parse/none.ts'

/**
 * No attributes: there are no elastic addresses yet.
 * Refuses: InvalidAllocationID.NotFound.
 * Source: EC2 API Reference, DescribeAddressesAttribute.
 */
export const DescribeAddressesAttribute = describe('DescribeAddressesAttribute', {
  ...ofNone,
  rows: ({ AllocationIds }) => none('InvalidAllocationID.NotFound', AllocationIds),
  filters: {},
  assemble: () => ({ Addresses: [] }),
})
