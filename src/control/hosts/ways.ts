/** Route tables as hosts and the edge shall know them. Pure. */
import type { EdgeTableSpec, NatSpec, TableSpec, WaySpec, WireId, WireSpec } from '../../host-api/spec.ts'
import type { HostId, ResourceId, VpcId } from '../../model/ids.ts'
import type { SubnetRow, VpcRow } from '../../store/tables/resources.ts'
import type { RouteTableRow } from '../../store/tables/vpcs.ts'
import { type Way, wayOf } from '../route-tables/targets.ts'
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
export function usedTables(scene: Scene, vpc: VpcId): UsedTable[] {
  const { network } = scene
  const bySubnet = Map.groupBy(network.subnets.get(vpc) ?? [], (it) => tableOfSubnet(scene, it))
  return (network.tables.get(vpc) ?? []).flatMap((table) => {
    const subnets = bySubnet.get(table.id)
    if (!subnets) return []
    const routes = network.routes.get(table.id) ?? []
    return [{ table, subnets, ways: routes.map((it) => ({ to: it.destination, way: wayOf(it, vpc, network.live) })) }]
  })
}

/** The tables of a VPC as one of its hosts has them. */
export function tableSpecs(scene: Scene, vpc: VpcId, host: HostId): TableSpec[] {
  return usedTables(scene, vpc).map(({ table, subnets, ways }) => ({
    number: table.number,
    sources: subnets.map((it) => it.cidr),
    ways: ways.map(({ to, way }) => ({ to, ...waySpec(scene, way, host) }) as WaySpec),
  }))
}

type Where = { via: string } | { vif: ResourceId<'network-interface'> } | { wire: WireId } | { nowhere: true }

const nowhere = { nowhere: true } as const

function waySpec(scene: Scene, way: Way, host: HostId): Where {
  if (way.kind === 'peer') return { wire: way.peering.id }
  if (way.kind === 'nowhere') return nowhere
  if (way.kind !== 'interface') {
    const edge = [...scene.hosts.values()].find((it) => it.isEdge === 1)
    return edge ? { via: edge.underlayAddress } : nowhere
  }
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
    for (const { way } of usedTables(scene, vpc).flatMap((it) => it.ways)) {
      if (way.kind !== 'peer') continue
      put(vpc, way.peering.id, way.vpc)
      put(way.vpc, way.peering.id, vpc)
    }
  }
  return new Map([...wires].map(([vpc, some]) => [vpc, [...some.values()].sort((a, b) => (a.id < b.id ? -1 : 1))]))
}

/** The tables of a VPC as the edge has them: it knows two ways, by the guest's own public address and by a NAT. */
export function edgeTables(scene: Scene, vpc: VpcId): EdgeTableSpec[] {
  return usedTables(scene, vpc).map(({ table, subnets, ways }) => ({
    number: table.number,
    sources: subnets.map((it) => it.cidr),
    ways: ways.flatMap(({ to, way }): EdgeTableSpec['ways'] => {
      if (way.kind === 'outside') return [{ to, by: 'own-address' }]
      return way.kind === 'nat' ? [{ to, by: way.nat.id }] : []
    }),
  }))
}

/** Subnets of the VPC whose packets have some way to the outside by their own address: only so is anything reached from there. */
export function openSubnets(scene: Scene, vpc: VpcId): ReadonlySet<string> {
  const open = usedTables(scene, vpc).filter((it) => it.ways.some(({ way }) => way.kind === 'outside'))
  return new Set(open.flatMap((it) => it.subnets.map((subnet) => subnet.id)))
}

/** NATs of the VPC that work: a NAT gateway goes out by the table of its own subnet. */
export function natSpecs(scene: Scene, { id }: VpcRow): NatSpec[] {
  const open = openSubnets(scene, id)
  return [...scene.network.live.nats.values()]
    .filter((it) => it.vpcId === id && open.has(it.subnetId))
    .map((it) => ({ id: it.id, publicAddress: it.publicAddress }))
    .sort((a, b) => (a.id < b.id ? -1 : 1))
}

/** All blocks of the VPC. */
export function cidrsOf({ network }: Scene, vpc: VpcId): string[] {
  return (network.blocks.get(vpc) ?? []).map((it) => it.cidr)
}
