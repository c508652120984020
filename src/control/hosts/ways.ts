/** Route tables as hosts and the edge shall know them. Pure. */
import { isSix } from '../../base/ipv6.ts'
import { remembered } from '../../base/remembered.ts'
import type {
  EdgeNetworkSpec,
  EdgeTableSpec,
  NatSpec,
  TableSpec,
  WaySpec,
  WireId,
  WireSpec,
} from '../../host-api/spec.ts'
import { type AclId, type HostId, isId, type ResourceId, type SubnetId, type VpcId } from '../../model/ids.ts'
import type { SubnetRow, VpcRow } from '../../store/tables/resources.ts'
import type { RouteRow, RouteTableRow } from '../../store/tables/vpcs.ts'
import { isList } from '../route-tables/routes.ts'
import { type Way, wayOf } from '../route-tables/targets.ts'
import type { NetworkScene } from './network-scene.ts'
import type { Scene } from './scene.ts'

/** The table of a subnet: its own choice, or the VPC's main one. */
export function tableOfSubnet({ network }: Scene, { id, vpcId }: SubnetRow): ResourceId<'route-table'> | undefined {
  return network.tableOf.get(id) ?? network.tableOf.get(vpcId)
}

interface UsedTable {
  readonly table: RouteTableRow
  readonly subnets: readonly SubnetRow[]
  readonly ways: readonly { readonly to: string; readonly way: Way }[]
}

/** Tables of the VPC that subnets have, each with where its routes lead. */
export function usedTables(scene: Scene, vpc: VpcId): readonly UsedTable[] {
  const { network, guests } = scene
  const of = leadsToGuests(network, vpc) ? [guests.at(vpc)] : []
  return remembered(network, `tables ${vpc}`, of, () => findUsedTables(scene, vpc))
}

/** Whether a route of the VPC names an interface, which leads somewhere while its instance runs. */
function leadsToGuests({ tables, routes }: NetworkScene, vpc: VpcId): boolean {
  return (tables.get(vpc) ?? []).some((it) =>
    routes.get(it.id)?.some(({ target }) => isId('network-interface', target)),
  )
}

function findUsedTables(scene: Scene, vpc: VpcId): UsedTable[] {
  const { network } = scene
  const bySubnet = Map.groupBy(network.subnets.get(vpc) ?? [], (it) => tableOfSubnet(scene, it))
  return (network.tables.get(vpc) ?? []).flatMap((table) => {
    const subnets = bySubnet.get(table.id)
    if (!subnets) return []
    const routes = network.routes.get(table.id) ?? []
    return [{ table, subnets, ways: waysOf(routes, (it) => wayOf(it, vpc, network.live), network.lists) }]
  })
}

/**
 * A route to a prefix list is one to each of its networks; one that names the same network itself counts before it.
 * Source: VPC User Guide, "Route priority and prefix lists".
 */
function waysOf(
  routes: readonly RouteRow[],
  wayOfRoute: (route: RouteRow) => Way,
  lists: NetworkScene['lists'],
): UsedTable['ways'] {
  const [named, plain] = [routes.filter((it) => isList(it.destination)), routes.filter((it) => !isList(it.destination))]
  const ways = new Map(plain.map((it) => [it.destination, wayOfRoute(it)]))
  for (const it of named) {
    for (const to of (isList(it.destination) && lists.get(it.destination)) || [])
      if (!ways.has(to)) ways.set(to, wayOfRoute(it))
  }
  return [...ways].map(([to, way]) => ({ to, way }))
}

/**
 * The tables of a VPC as one of its hosts has them. What leads to an endpoint the host answers itself. Where none leads to an
 * interface they are the same objects for all of them.
 */
export function tableSpecs(scene: Scene, vpc: VpcId, host: HostId): readonly TableSpec[] {
  const tables = usedTables(scene, vpc)
  const make = () => tables.map((it) => tableSpec(scene, it, host))
  if (tables.some((it) => it.ways.some(({ way }) => way.kind === 'interface'))) return make()
  return remembered(tables, 'specs', [], make)
}

function tableSpec(scene: Scene, { table, subnets, ways }: UsedTable, host: HostId): TableSpec {
  return {
    number: table.number,
    sources: [...subnets.map((it) => it.cidr), ...blocks6(scene, subnets)],
    ways: ways
      .filter(({ way }) => way.kind !== 'endpoint')
      .map(({ to, way }) => ({ to, ...waySpec(scene, way, host) }) as WaySpec),
  }
}

type Where = { via: string } | { vif: ResourceId<'network-interface'> } | { wire: WireId } | { nowhere: true }

const nowhere = { nowhere: true } as const

function waySpec(scene: Scene, way: Way, host: HostId): Where {
  if (way.kind === 'peer') return { wire: way.peering.id }
  if (way.kind === 'nowhere') return nowhere
  const { edge } = scene.network
  if (way.kind !== 'interface') return edge === undefined ? nowhere : { via: edge }
  const guest = scene.guests.with(way.id)
  if (guest?.instance.hostId === host) return { vif: way.id }
  const other = guest?.instance.hostId ? scene.hosts.get(guest.instance.hostId) : undefined
  return other ? { via: other.underlayAddress } : nowhere
}

/** The wires that lead from these VPCs, whose guests a host has, into others: by the VPC that has an end of them. */
export function wiresFrom(scene: Scene, vpcs: ReadonlySet<VpcId>): Map<VpcId, WireSpec[]> {
  const wires = new Map<VpcId, Map<WireId, WireSpec>>()
  const put = (at: VpcId, id: WireId, to: VpcId) =>
    wires.set(at, (wires.get(at) ?? new Map<WireId, WireSpec>()).set(id, { id, to, sources: cidrsOf(scene, to) }))
  for (const vpc of vpcs) {
    for (const it of peerWays(scene, vpc)) {
      put(vpc, it.peering.id, it.vpc)
      put(it.vpc, it.peering.id, vpc)
    }
  }
  return new Map([...wires].map(([vpc, some]) => [vpc, [...some.values()].sort((a, b) => (a.id < b.id ? -1 : 1))]))
}

function peerWays(scene: Scene, vpc: VpcId): readonly Extract<Way, { kind: 'peer' }>[] {
  const tables = usedTables(scene, vpc)
  return remembered(tables, 'peers', [], () =>
    tables.flatMap((it) => it.ways.flatMap(({ way }) => (way.kind === 'peer' ? [way] : []))),
  )
}

/** The tables of a VPC as the edge has them, for IPv4: it knows two ways, by the guest's own public address and by a NAT. */
export function edgeTables(scene: Scene, vpc: VpcId): EdgeTableSpec[] {
  return usedTables(scene, vpc).map(({ table, subnets, ways }) => ({
    number: table.number,
    sources: subnets.map((it) => it.cidr),
    ways: ways.flatMap(({ to, way }): EdgeTableSpec['ways'] => {
      if (isSix(to)) return []
      if (way.kind === 'outside') return [{ to, by: 'own-address' }]
      return way.kind === 'nat' ? [{ to, by: way.nat.id }] : []
    }),
  }))
}

/** Subnets of the VPC whose packets have some way to the outside by their own address: only so is anything reached from there. */
export function openSubnets(scene: Scene, vpc: VpcId): ReadonlySet<string> {
  const open = usedTables(scene, vpc).filter((it) =>
    it.ways.some(({ to, way }) => way.kind === 'outside' && !isSix(to)),
  )
  return new Set(open.flatMap((it) => it.subnets.map((subnet) => subnet.id)))
}

/**
 * Subnets' blocks of IPv6 by their way out: those with a route to the internet gateway are reached from outside, as their groups
 * allow; those with one to an egress-only gateway alone are not.
 */
export function edgeBlocks6(scene: Scene, vpc: VpcId): NonNullable<EdgeNetworkSpec['ipv6']> {
  const by = (kind: Way['kind']) =>
    usedTables(scene, vpc)
      .filter((it) => it.ways.some(({ to, way }) => way.kind === kind && isSix(to)))
      .flatMap((it) => blocks6(scene, it.subnets))
  const open = by('outside')
  return { open, outward: by('outward').filter((it) => !open.includes(it)) }
}

function blocks6({ network }: Scene, subnets: readonly SubnetRow[]): string[] {
  return subnets.flatMap((it) => network.subnetBlocks6.get(it.id)?.cidr ?? [])
}

/** NATs of the VPC that work: a NAT gateway goes out by the table of its own subnet, whose ACL its traffic passes. */
export function natSpecs(scene: Scene, { id }: VpcRow, aclOf: ReadonlyMap<SubnetId, AclId> = new Map()): NatSpec[] {
  const { live } = scene.network
  const nats = remembered(live, 'nats', [], () => Map.groupBy(live.nats.values(), (it) => it.vpcId)).get(id)
  if (!nats) return []
  const open = openSubnets(scene, id)
  const boundaryOf = (subnet: SubnetId): Pick<NatSpec, 'boundary'> => {
    const acl = aclOf.get(subnet)
    const cidr = scene.network.subnets.get(id)?.find((it) => it.id === subnet)?.cidr
    return acl && cidr ? { boundary: { cidr, acl } } : {}
  }
  return nats
    .filter((it) => open.has(it.subnetId))
    .map((it) => ({ id: it.id, publicAddress: it.publicAddress, ...boundaryOf(it.subnetId) }))
    .sort((a, b) => (a.id < b.id ? -1 : 1))
}

/** All blocks of the VPC, those of IPv6 last. */
export function cidrsOf({ network }: Scene, vpc: VpcId): readonly string[] {
  return remembered(network, `blocks ${vpc}`, [], () =>
    [...(network.blocks.get(vpc) ?? []), ...(network.blocks6.get(vpc) ?? [])].map((it) => it.cidr),
  )
}
