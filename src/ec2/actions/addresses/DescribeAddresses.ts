import { describe } from '../../action.ts'
import { filtersOfNone, none, ofNone } from '../../parse/none.ts'

/**
 * No elastic addresses: this cloud has none yet. Public addresses of instances are not among them on EC2 either.
 * Refuses: InvalidAllocationID.NotFound, InvalidAddress.NotFound.
 * Source: EC2 API Reference, DescribeAddresses.
 */
export const DescribeAddresses = describe('DescribeAddresses', {
  ...ofNone,
  async rows({ AllocationIds, PublicIps }) {
    await none('InvalidAllocationID.NotFound', AllocationIds)
    return none('InvalidAddress.NotFound', PublicIps)
  },
  filters: filtersOfNone([
    'allocation-id',
    'association-id',
    'domain',
    'instance-id',
    'instance-owner-id',
    'network-border-group',
    'network-interface-id',
    'network-interface-owner-id',
    'private-ip-address',
    'public-ip',
  ]),
  assemble: () => ({ Addresses: [] }),
})
