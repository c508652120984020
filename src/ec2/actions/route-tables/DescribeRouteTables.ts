import type { Route } from '@aws-sdk/client-ec2'
import { listTables } from '../../../control/route-tables/tables.ts'
import { absent, tagFilters } from '../../../query/filters.ts'
import { describe } from '../../action.ts'
import { type FullTable, fullTables, renderTable } from '../../render/route-table.ts'

/**
 * The caller's route tables. A route whose target is gone, or not there yet, is a `blackhole`.
 * Refuses: InvalidRouteTableID.NotFound.
 * Source: EC2 API Reference, DescribeRouteTables.
 */
export const DescribeRouteTables = describe('DescribeRouteTables', {
  rows: async ({ RouteTableIds }, { tx, caller }): Promise<FullTable[]> =>
    fullTables(tx, await listTables(tx, caller.account, RouteTableIds)),
  key: (row) => row.id,
  filters: {
    ...tagFilters<FullTable>(),
    'association.gateway-id': () => undefined,
    'association.main': (row) => row.associations.map((it) => it.subnetId === null),
    'association.route-table-association-id': (row) => row.associations.map((it) => it.id),
    'association.route-table-id': (row) => row.associations.map((it) => it.routeTableId),
    'association.subnet-id': (row) => row.associations.map((it) => it.subnetId ?? undefined),
    'owner-id': (row) => row.accountId,
    'route-table-id': (row) => row.id,
    'route.destination-cidr-block': each((it) => it.DestinationCidrBlock),
    'route.destination-prefix-list-id': each((it) => it.DestinationPrefixListId),
    'route.gateway-id': each((it) => it.GatewayId),
    'route.instance-id': each((it) => it.InstanceId),
    'route.nat-gateway-id': each((it) => it.NatGatewayId),
    'route.origin': each((it) => it.Origin),
    'route.state': each((it) => it.State),
    'route.vpc-peering-connection-id': each((it) => it.VpcPeeringConnectionId),
    'route.destination-ipv6-cidr-block': each((it) => it.DestinationIpv6CidrBlock),
    'route.egress-only-internet-gateway-id': each((it) => it.EgressOnlyInternetGatewayId),
    ...absent('route.transit-gateway-id'),
    'vpc-id': (row) => row.vpcId,
  },
  render: renderTable,
  assemble: (items) => ({ RouteTables: items }),
})

function each(read: (route: Route) => string | undefined) {
  return (row: FullTable) => row.routes.map(read)
}
