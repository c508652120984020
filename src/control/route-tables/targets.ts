/** What routes lead to, and whether they lead anywhere. */
import { type InterfaceId, isId, kindOfId, type VpcId } from '../../model/ids.ts'
import type { Reader } from '../../store/store.ts'
import type { NatGatewayRow, PeeringRow, RouteRow, RouteTarget } from '../../store/tables/vpcs.ts'

/** The targets that work now. */
export interface LiveTargets {
  /** Internet gateways and the VPC that each is attached to. */
  readonly gateways: ReadonlyMap<RouteTarget, VpcId>
  /** Egress-only internet gateways and the VPC that each is of. */
  readonly outward: ReadonlyMap<RouteTarget, VpcId>
  readonly nats: ReadonlyMap<RouteTarget, NatGatewayRow>
  readonly peerings: ReadonlyMap<RouteTarget, PeeringRow>
  /** Endpoints and the VPC of each. */
  readonly endpoints: ReadonlyMap<RouteTarget, VpcId>
  /** The VPC of an interface whose instance shall run. */
  readonly vpcOfInterface: (id: InterfaceId) => VpcId | undefined
}

/** Those that routes lead to, as far as interfaces are concerned. */
export async function liveTargets(reader: Reader): Promise<LiveTargets> {
  const { db } = reader
  const interfaces = await db
    .selectFrom('interfaces')
    .innerJoin('instances', 'instances.id', 'interfaces.instanceId')
    .select(['interfaces.id', 'interfaces.vpcId'])
    .where('interfaces.id', 'in', (eb) => eb.selectFrom('routes').select('target').$castTo<{ target: InterfaceId }>())
    .where('instances.power', '=', 'on')
    .execute()
  const vpcs = new Map(interfaces.map((it) => [it.id, it.vpcId]))
  return { ...(await liveGateways(reader)), vpcOfInterface: (id) => vpcs.get(id) }
}

/** Those that are no interfaces. */
export async function liveGateways({ db }: Reader): Promise<Omit<LiveTargets, 'vpcOfInterface'>> {
  const gateways = await db.selectFrom('internetGateways').selectAll().where('vpcId', 'is not', null).execute()
  const outward = await db.selectFrom('egressOnlyGateways').selectAll().execute()
  const nats = await db.selectFrom('natGateways').selectAll().where('state', 'in', ['pending', 'available']).execute()
  const peerings = await db.selectFrom('peerings').selectAll().where('state', '=', 'active').execute()
  const endpoints = await db.selectFrom('vpcEndpoints').select(['id', 'vpcId']).execute()
  return {
    gateways: new Map(gateways.map((it) => [it.id, it.vpcId!])), // not null: filtered
    outward: new Map(outward.map((it) => [it.id, it.vpcId])),
    nats: new Map(nats.map((it) => [it.id, it])),
    peerings: new Map(peerings.map((it) => [it.id, it])),
    endpoints: new Map(endpoints.map((it) => [it.id, it.vpcId])),
  }
}

/** Where a packet goes that a route of a table of `vpc` takes; `nowhere` is what EC2 calls a blackhole. */
export type Way =
  | { readonly kind: 'outside' }
  | { readonly kind: 'outward' }
  | { readonly kind: 'endpoint' }
  | { readonly kind: 'nat'; readonly nat: NatGatewayRow }
  | { readonly kind: 'peer'; readonly peering: PeeringRow; readonly vpc: VpcId }
  | { readonly kind: 'interface'; readonly id: InterfaceId }
  | { readonly kind: 'nowhere' }

const nowhere: Way = { kind: 'nowhere' }

export function wayOf({ target }: Pick<RouteRow, 'target'>, vpc: VpcId, live: LiveTargets): Way {
  if (live.gateways.get(target) === vpc) return { kind: 'outside' }
  if (live.outward.get(target) === vpc) return { kind: 'outward' }
  if (live.endpoints.get(target) === vpc) return { kind: 'endpoint' }
  const nat = live.nats.get(target)
  if (nat?.vpcId === vpc) return { kind: 'nat', nat }
  const peering = live.peerings.get(target)
  if (peering?.requesterVpcId === vpc) return { kind: 'peer', peering, vpc: peering.accepterVpcId }
  if (peering?.accepterVpcId === vpc) return { kind: 'peer', peering, vpc: peering.requesterVpcId }
  return isId('network-interface', target) && live.vpcOfInterface(target) === vpc
    ? { kind: 'interface', id: target }
    : nowhere
}

/** The parameter by which requests and answers name a target of this kind. */
export function targetKind(
  target: RouteTarget,
): 'EgressOnlyInternetGatewayId' | 'GatewayId' | 'NatGatewayId' | 'VpcPeeringConnectionId' | 'NetworkInterfaceId' {
  const kind = kindOfId(target)
  if (kind === 'internet-gateway' || kind === 'vpc-endpoint') return 'GatewayId'
  if (kind === 'egress-only-internet-gateway') return 'EgressOnlyInternetGatewayId'
  if (kind === 'natgateway') return 'NatGatewayId'
  return kind === 'vpc-peering-connection' ? 'VpcPeeringConnectionId' : 'NetworkInterfaceId'
}
