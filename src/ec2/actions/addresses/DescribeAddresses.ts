import { listElastic } from '../../../control/addresses/find.ts'
import { listInterfaces } from '../../../control/interfaces/find.ts'
import { withTags } from '../../../control/tags/tags.ts'
import { tagFilters } from '../../../query/filters.ts'
import { describe } from '../../action.ts'
import { type FullAddress, renderAddress } from '../../render/address.ts'

/**
 * The caller's elastic addresses, and where they lead. Addresses that are lent to instances are not among them.
 * Refuses: InvalidAllocationID.NotFound, InvalidAddress.NotFound.
 * Source: EC2 API Reference, DescribeAddresses.
 */
export const DescribeAddresses = describe('DescribeAddresses', {
  async rows({ AllocationIds = [], PublicIps = [] }, { tx, caller, cloud }): Promise<FullAddress[]> {
    const rows = await listElastic(tx, caller.account, { ids: AllocationIds, publicAddresses: PublicIps })
    const nics = new Map((await listInterfaces(tx, caller.account)).map(({ row }) => [row.id, row]))
    const full = await withTags(tx, rows)
    return full.map((it) => ({
      ...it,
      region: cloud.region,
      nic: it.interfaceId ? nics.get(it.interfaceId) : undefined,
    }))
  },
  key: (row) => row.id,
  filters: {
    ...tagFilters<FullAddress>(),
    'allocation-id': (row) => row.id,
    'association-id': (row) => row.associationId,
    domain: () => 'vpc',
    'instance-id': (row) => row.nic?.instanceId,
    'instance-owner-id': (row) => row.nic?.instanceId && row.nic.accountId,
    'network-border-group': (row) => row.region,
    'network-interface-id': (row) => row.interfaceId,
    'network-interface-owner-id': (row) => row.nic?.accountId,
    'private-ip-address': (row) => row.privateAddress,
    'public-ip': (row) => row.publicAddress,
  },
  render: renderAddress,
  assemble: (items) => ({ Addresses: items }),
})
