/** What routes lead to, and whether they lead anywhere. */
import { type InterfaceId, isId, kindOfId, type VpcId } from '../../model/ids.ts'
import type { Reader } from '../../store/store.ts'
import type { NatGatewayRow, PeeringRow, RouteRow, RouteTarget } from '../../store/tables/vpcs.ts'

/** The targets that work now. */
export interface LiveTargets {
  /** Internet gateways and the VPC that each is attached to. */
  readonly gateways: ReadonlyMap<RouteTarget, VpcId>
  readonly nats: ReadonlyMap<RouteTarget, NatGatewayRow>
  readonly peerings: ReadonlyMap<RouteTarget, PeeringRow>
  /** Interfaces of instances that shall run, and the VPC of each. */
  readonly interfaces: ReadonlyMap<RouteTarget, VpcId>
}

export async function liveTargets({ db }: Reader): Promise<LiveTargets> {
  const gateways = await db.selectFrom('internetGateways').selectAll().where('vpcId', 'is not', null).execute()
  const nats = await db.selectFrom('natGateways').selectAll().where('state', 'in', ['pending', 'available']).execute()
  const peerings = await db.selectFrom('peerings').selectAll().where('state', '=', 'active').execute()
  const interfaces = await db
    .selectFrom('interfaces')
    .innerJoin('instances', 'instances.id', 'interfaces.instanceId')
    .select(['interfaces.id', 'interfaces.vpcId'])
    .where('instances.power', '=', 'on')
    .execute()
  return {
    gateways: new Map(gateways.map((it) => [it.id, it.vpcId!])), // not null: filtered
    nats: new Map(nats.map((it) => [it.id, it])),
    peerings: new Map(peerings.map((it) => [it.id, it])),
    interfaces: new Map(interfaces.map((it) => [it.id, it.vpcId])),
  }
}

/** Where a packet goes that a route of a table of `vpc` takes; `nowhere` is what EC2 calls a blackhole. */
export type Way =
  | { readonly kind: 'outside' }
  | { readonly kind: 'nat'; readonly nat: NatGatewayRow }
  | { readonly kind: 'peer'; readonly peering: PeeringRow; readonly vpc: VpcId }
  | { readonly kind: 'interface'; readonly id: InterfaceId }
  | { readonly kind: 'nowhere' }

const nowhere: Way = { kind: 'nowhere' }

export function wayOf({ target }: Pick<RouteRow, 'target'>, vpc: VpcId, live: LiveTargets): Way {
  if (live.gateways.get(target) === vpc) return { kind: 'outside' }
  const nat = live.nats.get(target)
  if (nat?.vpcId === vpc) return { kind: 'nat', nat }
  const peering = live.peerings.get(target)
  if (peering?.requesterVpcId === vpc) return { kind: 'peer', peering, vpc: peering.accepterVpcId }
  if (peering?.accepterVpcId === vpc) return { kind: 'peer', peering, vpc: peering.requesterVpcId }
  return live.interfaces.get(target) === vpc && isId('network-interface', target)
    ? { kind: 'interface', id: target }
    : nowhere
}

/** The parameter by which requests and answers name a target of this kind. */
export function targetKind(
  target: RouteTarget,
): 'GatewayId' | 'NatGatewayId' | 'VpcPeeringConnectionId' | 'NetworkInterfaceId' {
  const kind = kindOfId(target)
  if (kind === 'internet-gateway') return 'GatewayId'
  if (kind === 'natgateway') return 'NatGatewayId'
  return kind === 'vpc-peering-connection' ? 'VpcPeeringConnectionId' : 'NetworkInterfaceId'
}
