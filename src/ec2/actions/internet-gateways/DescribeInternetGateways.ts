import { listGateways } from '../../../control/internet-gateways/gateways.ts'
import { type Tags, withTags } from '../../../control/tags/tags.ts'
import { tagFilters } from '../../../query/filters.ts'
import type { InternetGatewayRow } from '../../../store/tables/vpcs.ts'
import { describe } from '../../action.ts'
import { renderInternetGateway } from '../../render/internet-gateway.ts'

type Row = InternetGatewayRow & { readonly tags: Tags }

/**
 * The caller's internet gateways.
 * Refuses: InvalidInternetGatewayID.NotFound.
 * Source: EC2 API Reference, DescribeInternetGateways.
 */
export const DescribeInternetGateways = describe('DescribeInternetGateways', {
  rows: async ({ InternetGatewayIds }, { tx, caller }): Promise<Row[]> =>
    withTags(tx, await listGateways(tx, caller.account, InternetGatewayIds)),
  key: (row) => row.id,
  filters: {
    ...tagFilters<Row>(),
    'attachment.state': (row) => (row.vpcId === null ? undefined : 'available'),
    'attachment.vpc-id': (row) => row.vpcId,
    'internet-gateway-id': (row) => row.id,
    'owner-id': (row) => row.accountId,
  },
  render: renderInternetGateway,
  assemble: (items) => ({ InternetGateways: items }),
})
