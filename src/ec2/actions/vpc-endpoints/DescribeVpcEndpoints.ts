import { listEndpoints } from '../../../control/vpc-endpoints/endpoints.ts'
import { tagFilters } from '../../../query/filters.ts'
import { describe } from '../../action.ts'
import { type FullEndpoint, fullEndpoints, renderEndpoint } from '../../render/vpc-endpoint.ts'

/**
 * The caller's VPC endpoints, with the route tables that lead to each.
 * Refuses: InvalidVpcEndpointId.NotFound.
 * Source: EC2 API Reference, DescribeVpcEndpoints.
 */
export const DescribeVpcEndpoints = describe('DescribeVpcEndpoints', {
  rows: async ({ VpcEndpointIds }, { tx, caller }) =>
    fullEndpoints(tx, await listEndpoints(tx, caller.account, VpcEndpointIds)),
  key: (row) => row.id,
  filters: {
    ...tagFilters<FullEndpoint>(),
    'ip-address-type': () => undefined,
    'service-name': (row) => row.serviceName,
    'service-region': () => undefined,
    'vpc-endpoint-id': (row) => row.id,
    'vpc-endpoint-state': () => 'available',
    'vpc-endpoint-type': () => 'Gateway',
    'vpc-id': (row) => row.vpcId,
  },
  render: renderEndpoint,
  assemble: (items) => ({ VpcEndpoints: items }),
})
