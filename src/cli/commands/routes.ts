/** Route tables, NAT gateways and peerings. Source: euca2ools 3.4, arguments and lines. */
import { command } from '../command.ts'
import { filters, needed, type Options, value, word, words } from '../params.ts'
import { natGatewayLines, peeringLines, routeTableLines } from '../records/networks.ts'

/** `--nat-gateway` is ours: euca2ools has no word for that target. */
const routeParams = {
  table: word('RTABLE', 'ID of the route table (required)'),
  cidr: needed('-d, --dest-cidr CIDR', 'CIDR address block the route should affect (required)'),
  gateway: value('-g, --gateway-id GATEWAY', 'ID of an Internet gateway to target'),
  instance: value('-i, --instance INSTANCE', 'ID of a NAT instance to target'),
  nic: value('-n, --network-interface IFACE', 'ID of a network interface to target'),
  peering: value('-p, --vpc-peering-connection PEERCON', 'ID of a VPC peering connection to target'),
  nat: value('--nat-gateway NATGATEWAY', 'ID of a NAT gateway to target'),
}
const targets = ['gateway', 'instance', 'nic', 'peering', 'nat'] as const

type RouteOptions = Options<typeof routeParams>

function routeOf({ table, cidr, gateway, instance, nic, peering, nat }: RouteOptions) {
  return {
    RouteTableId: table,
    DestinationCidrBlock: cidr,
    ...(gateway !== undefined && { GatewayId: gateway }),
    ...(instance !== undefined && { InstanceId: instance }),
    ...(nic !== undefined && { NetworkInterfaceId: nic }),
    ...(peering !== undefined && { VpcPeeringConnectionId: peering }),
    ...(nat !== undefined && { NatGatewayId: nat }),
  }
}

function routeLine(options: RouteOptions) {
  return ['ROUTE', targets.map((it) => options[it]).find((it) => it !== undefined), options.cidr]
}

const peeringParam = { peering: word('PEERCON', 'ID of the VPC peering connection (required)') }

export const routeCommands = [
  command({
    name: 'create-route-table',
    summary: 'Create a new VPC route table',
    params: { vpc: word('VPC', 'ID of the VPC to create the new route table in (required)') },
    operation: 'CreateRouteTable',
    request: ({ vpc }) => ({ VpcId: vpc }),
    render: (outputs) => outputs.flatMap((it) => routeTableLines(it.RouteTable ?? {})),
  }),
  command({
    name: 'delete-route-table',
    summary: 'Delete a VPC route table',
    params: { table: word('RTABLE', 'ID of the route table to delete (required)') },
    operation: 'DeleteRouteTable',
    request: ({ table }) => ({ RouteTableId: table }),
    render: (_, { table }) => [['ROUTETABLE', table]],
  }),
  command({
    name: 'describe-route-tables',
    summary: 'Show information about VPC route tables',
    params: {
      tables: words('RTABLE', 'limit results to specific route tables'),
      filters: filters(
        ...['association.route-table-association-id', 'association.route-table-id', 'association.subnet-id'],
        ...['association.main', 'route-table-id', 'route.destination-cidr-block', 'route.gateway-id'],
        ...['route.vpc-peering-connection-id', 'route.origin', 'route.state', 'tag-key', 'tag-value', 'tag:KEY'],
        'vpc-id',
      ),
    },
    operation: 'DescribeRouteTables',
    request: ({ tables, filters }) => ({ ...(tables.length > 0 && { RouteTableIds: tables }), Filters: filters }),
    render: (outputs) => outputs.flatMap((it) => it.RouteTables ?? []).flatMap(routeTableLines),
  }),
  command({
    name: 'create-route',
    summary: 'Add a route to a VPC routing table',
    params: routeParams,
    oneOf: targets,
    operation: 'CreateRoute',
    request: routeOf,
    render: (_, options) => [routeLine(options)],
  }),
  command({
    name: 'replace-route',
    summary: 'Replace a route in a VPC routing table',
    params: routeParams,
    oneOf: targets,
    operation: 'ReplaceRoute',
    request: routeOf,
    render: (_, options) => [routeLine(options)],
  }),
  command({
    name: 'delete-route',
    summary: 'Delete a route from a VPC routing table',
    params: { table: routeParams.table, cidr: routeParams.cidr },
    operation: 'DeleteRoute',
    request: ({ table, cidr }) => ({ RouteTableId: table, DestinationCidrBlock: cidr }),
    render: (_, { cidr }) => [['ROUTE', cidr]],
  }),
  command({
    name: 'associate-route-table',
    summary: 'Associate a VPC route table with a subnet',
    params: {
      table: word('RTABLE', 'ID of the route table to associate (required)'),
      subnet: needed('-s, --subnet SUBNET', 'ID of the subnet to associate the route table with (required)'),
    },
    operation: 'AssociateRouteTable',
    request: ({ table, subnet }) => ({ RouteTableId: table, SubnetId: subnet }),
    render: (outputs, { table, subnet }) => outputs.map((it) => ['ASSOCIATION', it.AssociationId, table, subnet]),
  }),
  command({
    name: 'disassociate-route-table',
    summary: 'Disassociate subnet from a route table',
    params: { association: word('ASSOCIATIONID', 'association between route table and subnet (required)') },
    operation: 'DisassociateRouteTable',
    request: ({ association }) => ({ AssociationId: association }),
    render: (_, { association }) => [['ROUTETABLE', association, true]],
  }),
  command({
    name: 'replace-route-table-association',
    summary: 'Change the route table associated with a VPC subnet',
    params: {
      association: word('RTBASSOC', 'ID of the route table association to replace (required)'),
      table: needed('-r, --route-table RTABLE', 'route table to associate with the subnet (required)'),
    },
    operation: 'ReplaceRouteTableAssociation',
    request: ({ association, table }) => ({ AssociationId: association, RouteTableId: table }),
    render: (outputs, { table }) => outputs.map((it) => ['ASSOCIATION', it.NewAssociationId, table]),
  }),
  command({
    name: 'create-nat-gateway',
    summary: 'Create a new VPC NAT gateway',
    params: {
      subnet: needed('-s, --subnet-id SUBNET', 'the subnet in which to create the new NAT gateway (required)'),
      allocation: needed('-a, --allocation-id ALLOC', 'allocation ID of its Elastic IP address (required)'),
      token: value('--client-token TOKEN', 'unique identifier to ensure request idempotency'),
    },
    operation: 'CreateNatGateway',
    request: ({ subnet, allocation, token }) => ({
      SubnetId: subnet,
      AllocationId: allocation,
      ...(token !== undefined && { ClientToken: token }),
    }),
    render: (outputs) => outputs.flatMap((it) => natGatewayLines(it.NatGateway ?? {})),
  }),
  command({
    name: 'delete-nat-gateway',
    summary: 'Delete a VPC NAT gateway',
    params: { nat: word('NATGATEWAY', 'ID of the NAT gateway to delete (required)') },
    operation: 'DeleteNatGateway',
    request: ({ nat }) => ({ NatGatewayId: nat }),
    render: (outputs) => outputs.map((it) => ['NATGATEWAY', it.NatGatewayId]),
  }),
  command({
    name: 'describe-nat-gateways',
    summary: 'Show information about VPC NAT gateways',
    params: {
      nats: words('NATGATEWAY', 'limit results to specific NAT gateways'),
      filters: filters('nat-gateway-id', 'state', 'subnet-id', 'vpc-id'),
    },
    operation: 'DescribeNatGateways',
    request: ({ nats, filters }) => ({ ...(nats.length > 0 && { NatGatewayIds: nats }), Filter: filters }),
    render: (outputs) => outputs.flatMap((it) => it.NatGateways ?? []).flatMap(natGatewayLines),
  }),
  command({
    name: 'create-vpc-peering-connection',
    summary: 'Request a peering connection between two VPCs',
    params: {
      vpc: needed('-c, --vpc VPC', 'the VPC to request a peering connection from (required)'),
      peer: needed('-p, --peer-vpc VPC', 'the VPC to request a peering connection to (required)'),
      owner: value('-o, --peer-owner-id ACCOUNT', "account ID of the peer VPC's owner"),
    },
    operation: 'CreateVpcPeeringConnection',
    request: ({ vpc, peer, owner }) => ({
      VpcId: vpc,
      PeerVpcId: peer,
      ...(owner !== undefined && { PeerOwnerId: owner }),
    }),
    render: (outputs) => outputs.flatMap((it) => peeringLines(it.VpcPeeringConnection ?? {})),
  }),
  command({
    name: 'accept-vpc-peering-connection',
    summary: 'Accept a VPC peering connection request',
    params: peeringParam,
    operation: 'AcceptVpcPeeringConnection',
    request: ({ peering }) => ({ VpcPeeringConnectionId: peering }),
    render: (outputs) => outputs.flatMap((it) => peeringLines(it.VpcPeeringConnection ?? {})),
  }),
  command({
    name: 'reject-vpc-peering-connection',
    summary: 'Reject a VPC peering connection request',
    params: peeringParam,
    operation: 'RejectVpcPeeringConnection',
    request: ({ peering }) => ({ VpcPeeringConnectionId: peering }),
    render: (outputs) => outputs.map((it) => ['RETURN', it.Return]),
  }),
  command({
    name: 'delete-vpc-peering-connection',
    summary: 'Delete a VPC peering connection',
    params: peeringParam,
    operation: 'DeleteVpcPeeringConnection',
    request: ({ peering }) => ({ VpcPeeringConnectionId: peering }),
    render: (outputs) => outputs.map((it) => ['RETURN', it.Return]),
  }),
  command({
    name: 'describe-vpc-peering-connections',
    summary: 'Show information about VPC peering connections',
    params: {
      peerings: words('PEERCON', 'limit results to specific VPC peering connections'),
      filters: filters(
        ...['accepter-vpc-info.cidr-block', 'accepter-vpc-info.owner-id', 'accepter-vpc-info.vpc-id'],
        ...['expiration-time', 'requester-vpc-info.cidr-block', 'requester-vpc-info.owner-id'],
        ...['requester-vpc-info.vpc-id', 'status-code', 'tag-key', 'tag-value', 'tag:KEY'],
        'vpc-peering-connection-id',
      ),
    },
    operation: 'DescribeVpcPeeringConnections',
    request: ({ peerings, filters }) => ({
      ...(peerings.length > 0 && { VpcPeeringConnectionIds: peerings }),
      Filters: filters,
    }),
    render: (outputs) => outputs.flatMap((it) => it.VpcPeeringConnections ?? []).flatMap(peeringLines),
  }),
]
