/** The target that a request names for a route. */
import type { CreateRouteRequest } from '@aws-sdk/client-ec2'
import { findInstance, interfacesOf } from '../../control/instances/find.ts'
import { listInterfaces } from '../../control/interfaces/find.ts'
import { listEgressOnlyGateways } from '../../control/ipv6/egress-only-gateways.ts'
import { findPeering, stateAt } from '../../control/peerings/find.ts'
import { findPrefixList } from '../../control/prefix-lists/find.ts'
import { ipv6Range } from '../../control/security-groups/cidrs.ts'
import { readBlock } from '../../control/vpcs/blocks.ts'
import { refuse } from '../../model/errors.ts'
import { isId } from '../../model/ids.ts'
import type { RouteTableRow, RouteTarget } from '../../store/tables/vpcs.ts'
import type { View } from '../action.ts'

type Input = Omit<CreateRouteRequest, 'RouteTableId'>

const served = [
  ...(['GatewayId', 'NatGatewayId', 'NetworkInterfaceId', 'InstanceId', 'VpcPeeringConnectionId'] as const),
  'EgressOnlyInternetGatewayId',
] as const
const others = [
  ...['CarrierGatewayId', 'CoreNetworkArn', 'LocalGatewayId', 'OdbNetworkArn'],
  ...['TransitGatewayId', 'VpcEndpointId'],
]

/** The block or the prefix list that a route is for, of a request that names it in one of many ways. */
export async function routeDestination(
  input: {
    readonly DestinationCidrBlock?: string | undefined
    readonly DestinationIpv6CidrBlock?: string | undefined
    readonly DestinationPrefixListId?: string | undefined
  },
  { tx, caller }: View,
): Promise<string> {
  const { DestinationCidrBlock, DestinationIpv6CidrBlock, DestinationPrefixListId } = input
  if ([DestinationCidrBlock, DestinationIpv6CidrBlock, DestinationPrefixListId].filter(Boolean).length > 1)
    refuse('InvalidParameterCombination', { message: 'A route has one destination.' })
  if (DestinationPrefixListId) {
    const list = await findPrefixList(tx, caller.account, DestinationPrefixListId)
    if (list.family === 'IPv6')
      refuse('UnsupportedOperation', { message: 'Routes to prefix lists of IPv6 are not served by this cloud.' })
    return list.id
  }
  if (DestinationIpv6CidrBlock) return ipv6Range(DestinationIpv6CidrBlock)
  return readBlock(input.DestinationCidrBlock, 'destinationCidrBlock')
}

/** Refuses none, several, what does not exist, and what is of another VPC than the table. */
export async function routeTarget(input: Input, table: RouteTableRow, view: View): Promise<RouteTarget> {
  const given = (names: readonly string[]) => names.filter((it) => input[it as keyof Input] !== undefined)
  const [unknown] = given(others)
  if (unknown) refuse('UnsupportedOperation', { message: `The parameter ${unknown} is not served by this cloud.` })
  const [name, ...more] = given(served) as (typeof served)[number][]
  if (!name || more.length > 0)
    return refuse(name ? 'InvalidParameterCombination' : 'MissingParameter', {
      message: 'The request must contain exactly one target of a route.',
    })
  const six = Boolean(input.DestinationIpv6CidrBlock)
  if (six && name === 'NatGatewayId')
    refuse('UnsupportedOperation', { message: 'NAT gateways are for IPv4 in this cloud.' })
  if (!six && name === 'EgressOnlyInternetGatewayId')
    refuse('InvalidParameterValue', { message: 'An egress-only internet gateway is a target for IPv6 only.' })
  return readers[name](input[name] ?? '', table, view)
}

type Read = (id: string, table: RouteTableRow, view: View) => Promise<RouteTarget>

const readers: Readonly<Record<(typeof served)[number], Read>> = {
  async GatewayId(id, table, { tx, caller }) {
    if (!isId('internet-gateway', id)) return refuse('InvalidGatewayID.NotFound', { id })
    const gateway = await tx.db
      .selectFrom('internetGateways')
      .selectAll()
      .where('id', '=', id)
      .where('accountId', '=', caller.account)
      .executeTakeFirst()
    if (!gateway) return refuse('InvalidGatewayID.NotFound', { id })
    return ofSameVpc(gateway, table, 'network gateway')
  },
  async EgressOnlyInternetGatewayId(id, table, { tx, caller }) {
    const [gateway] = await listEgressOnlyGateways(tx, caller.account, [id])
    return ofSameVpc(gateway!, table, 'egress-only internet gateway') // listEgressOnlyGateways refuses what it does not find
  },
  async NatGatewayId(id, table, { tx, caller }) {
    const found = isId('natgateway', id)
      ? await tx.db
          .selectFrom('natGateways')
          .selectAll()
          .where('id', '=', id)
          .where('accountId', '=', caller.account)
          .where('state', 'in', ['pending', 'available'])
          .executeTakeFirst()
      : undefined
    return found ? ofSameVpc(found, table, 'NAT gateway') : refuse('InvalidNatGatewayID.NotFound', { id })
  },
  async NetworkInterfaceId(id, table, { tx, caller }) {
    const [nic] = await listInterfaces(tx, caller.account, [id])
    return ofSameVpc(nic!.row, table, 'interface') // listInterfaces refuses what it does not find
  },
  async InstanceId(id, table, { tx, caller }) {
    const instance = await findInstance(tx, caller.account, id)
    const [nic, ...more] = (await interfacesOf(tx, [instance.id])).get(instance.id) ?? []
    if (!nic || more.length > 0)
      return refuse('InvalidInstanceID', {
        message: nic
          ? `There are multiple interfaces attached to instance '${id}'. Please specify an interface ID for the operation instead.`
          : `The instance '${id}' has no interface.`,
      })
    return ofSameVpc(nic.row, table, 'interface')
  },
  async VpcPeeringConnectionId(id, table, { tx, caller, now }) {
    const peering = await findPeering(tx, caller.account, now, id)
    if (!['active', 'pending-acceptance'].includes(stateAt(peering, now)))
      return refuse('InvalidVpcPeeringConnectionID.NotFound', { id })
    if (peering.requesterVpcId === table.vpcId || peering.accepterVpcId === table.vpcId) return peering.id
    return otherNetwork(table, 'VPC peering connection', id)
  },
}

function ofSameVpc<T extends { readonly id: RouteTarget; readonly vpcId: string | null }>(
  { id, vpcId }: T,
  table: RouteTableRow,
  noun: string,
): RouteTarget {
  return vpcId === table.vpcId ? id : otherNetwork(table, noun, id)
}

/** Source: for the text, errors of EC2 quoted in public. */
function otherNetwork(table: RouteTableRow, noun: string, id: string): never {
  return refuse('InvalidParameterValue', {
    message: `route table ${table.id} and ${noun} ${id} belong to different networks`,
  })
}
