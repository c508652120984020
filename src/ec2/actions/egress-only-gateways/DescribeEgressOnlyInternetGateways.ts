import { listEgressOnlyGateways } from '../../../control/ipv6/egress-only-gateways.ts'
import { type Tags, withTags } from '../../../control/tags/tags.ts'
import { tagFilters } from '../../../query/filters.ts'
import type { EgressOnlyGatewayRow } from '../../../store/tables/ipv6.ts'
import { describe } from '../../action.ts'
import { renderEgressOnlyGateway } from '../../render/egress-only-gateway.ts'

type Row = EgressOnlyGatewayRow & { readonly tags: Tags }

/**
 * The caller's egress-only internet gateways.
 * Refuses: InvalidEgressOnlyInternetGatewayId.NotFound.
 * Source: EC2 API Reference, DescribeEgressOnlyInternetGateways.
 */
export const DescribeEgressOnlyInternetGateways = describe('DescribeEgressOnlyInternetGateways', {
  rows: async ({ EgressOnlyInternetGatewayIds }, { tx, caller }): Promise<Row[]> =>
    withTags(tx, await listEgressOnlyGateways(tx, caller.account, EgressOnlyInternetGatewayIds)),
  key: (row) => row.id,
  filters: tagFilters<Row>(),
  render: renderEgressOnlyGateway,
  assemble: (items) => ({ EgressOnlyInternetGateways: items }),
})
