import { listNats } from '../../../control/nat-gateways/find.ts'
import { type Tags, withTags } from '../../../control/tags/tags.ts'
import { filterRows, tagFilters } from '../../../query/filters.ts'
import type { NatGatewayRow } from '../../../store/tables/vpcs.ts'
import { describe } from '../../action.ts'
import { renderNatGateway } from '../../render/nat-gateway.ts'

type Row = NatGatewayRow & { readonly tags: Tags }

/** Source: EC2 API Reference, DescribeNatGateways. */
const filters = {
  ...tagFilters<Row>(),
  'nat-gateway-id': (row: Row) => row.id,
  state: (row: Row) => row.state,
  'subnet-id': (row: Row) => row.subnetId,
  'vpc-id': (row: Row) => row.vpcId,
}

/**
 * The caller's NAT gateways; those that are deleted for an hour more. Its filters are called `Filter`, unlike all others'.
 * Refuses: NatGatewayNotFound.
 * Source: EC2 API Reference, DescribeNatGateways.
 */
export const DescribeNatGateways = describe('DescribeNatGateways', {
  async rows({ NatGatewayIds, Filter }, { tx, caller }): Promise<readonly Row[]> {
    const rows = await withTags(tx, await listNats(tx, caller.account, NatGatewayIds))
    return filterRows(rows, Filter ?? [], filters)
  },
  key: (row) => row.id,
  filters,
  render: renderNatGateway,
  assemble: (items) => ({ NatGateways: items }),
})
