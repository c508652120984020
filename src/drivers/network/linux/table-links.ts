import { isSix } from '../../../base/ipv6.ts'
import type { RouterSpec, TableSpec, VifSpec, WaySpec } from '../../../host-api/spec.ts'
import type { VpcId } from '../../../model/ids.ts'
import { canonicalNetwork, linkLocal } from './ipv6.ts'
import type { Neighbour, Route, Rule } from './links.ts'
import { peerWireName, tapName } from './names.ts'
import { hopTo, overlayNeighbours } from './overlay-links.ts'

/**
 * Ways out of a VPC, as the kernel knows them: a table of routes for each, which packets that bear its mark are looked up in.
 * What is within the VPC is in the main table, which comes first.
 */
export function tableLinks(
  spec: RouterSpec,
  here: string,
): { routes: Route[]; neighbours: Neighbour[]; rules: Rule[] } {
  const vifs = new Map(spec.vifs.map((it) => [it.id, it]))
  const ways = spec.tables.flatMap((table) => table.ways.map((way) => ({ table: kernelTable(table), way })))
  const away = ways.flatMap(({ way }) => ('via' in way && way.via !== here ? [way] : []))
  const six = spec.cidrs.some(isSix)
  return {
    routes: ways.map(({ table, way }) => wayRoute(table, way, vifs, here)),
    neighbours: [
      ...overlayNeighbours(away),
      ...spec.wires.flatMap((it) =>
        (six ? [wireAddress, wireAddress6] : [wireAddress]).map((address) => ({
          ...{ dev: peerWireName(it.id), address, mac: wireMac(it.to, spec.vpc) },
        })),
      ),
    ],
    rules: [...rulesOf(spec), ...(six ? rulesOf(spec).map((it) => ({ ...it, six: true as const })) : [])],
  }
}

function rulesOf({ tables }: RouterSpec): Rule[] {
  return [{ priority: mainPriority, table: 'main' }, ...tables.map(tableRule)]
}

/** A way to ourselves, or to what does not hang here any more, is none. */
function wayRoute(table: number, way: WaySpec, vifs: ReadonlyMap<string, VifSpec>, here: string): Route {
  const to = canonicalNetwork(way.to)
  const six = isSix(to)
  if ('via' in way && way.via !== here) return { kind: 'unicast', to, dev: 'overlay', via: hopTo(to, way.via), table }
  if ('wire' in way)
    return { kind: 'unicast', to, dev: peerWireName(way.wire), via: six ? wireAddress6 : wireAddress, table }
  const vif = 'vif' in way ? vifs.get(way.vif) : undefined
  if (vif) return { kind: 'unicast', to, dev: tapName(vif.id), via: six ? linkLocal(vif.mac) : vif.address, table }
  return { kind: 'blackhole', to, table }
}

/** The main table before those of marks; numbers of tables below are the kernel's own. */
const mainPriority = 100
const markPriority = 1000
const firstTable = 1000

export function kernelTable({ number }: Pick<TableSpec, 'number'>): number {
  return firstTable + number
}

/** Packets bear the number of their table as their mark. Rules of the same priority do not get into each other's way. */
export function tableRule({ number }: Pick<TableSpec, 'number'>): Rule {
  return { priority: markPriority, mark: number, table: kernelTable({ number }) }
}

/** The other end of a wire, whatever it is called there: nobody asks for it. */
const wireAddress = '169.254.1.3'
const wireAddress6 = 'fe80::3'

/** The MAC of the end that the router of VPC `at` has: of two, the one whose id is less begins. */
export function wireMac(at: VpcId, other: VpcId): string {
  return at < other ? '0e:00:00:00:00:03' : '0e:00:00:00:00:04'
}
