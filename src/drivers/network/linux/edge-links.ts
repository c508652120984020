import type { EdgeNetworkSpec } from '../../../host-api/spec.ts'
import { canonical } from './ipv4.ts'
import type { Route, Rule, Wanted } from './links.ts'
import { natWireName, wireName } from './names.ts'
import { overlayLinks } from './router-links.ts'
import { kernelTable, tableRule } from './table-links.ts'

/** The two ends of the wire between the edge and a VPC's router there: the same for every VPC, each on its own wire. */
export const wire = {
  outer: { address: '169.254.1.1', mac: '0e:00:00:00:00:01' },
  inner: { address: '169.254.1.2', mac: '0e:00:00:00:00:02' },
} as const

/**
 * What a VPC's router at the edge holds. Its own address is the edge's in the underlay: what guests see of it in a
 * traceroute. What is neither routed inside nor outside of the VPC is unreachable.
 */
export function edgeRouterLinks(spec: EdgeNetworkSpec, here: string): Wanted {
  const overlay = overlayLinks(spec.routes, here)
  const tables = edgeTableLinks(spec)
  return {
    taps: [],
    addresses: [{ dev: 'overlay', address: `${here}/32` }],
    routes: [
      ...overlay.routes,
      { kind: 'unicast', to: '0.0.0.0/0', dev: 'outside', via: wire.outer.address },
      ...spec.cidrs.map((it): Route => ({ kind: 'unreachable', to: canonical(it) })),
      ...tables.routes,
    ],
    neighbours: [
      ...['outside', ...spec.nats.map((it) => natWireName(it.id))].map((dev) => ({ dev, ...wire.outer })),
      ...overlay.neighbours,
    ],
    rules: tables.rules,
  }
}

/** What the edge itself adds for its VPCs: where each public address leads. Addresses of the edge are not its affair. */
export function edgeLinks(specs: readonly EdgeNetworkSpec[]): Pick<Wanted, 'routes' | 'neighbours'> {
  return {
    routes: specs.flatMap(({ vpc, addresses, nats }) => [
      ...addresses.map((it) => inward(it.publicAddress, wireName(vpc))),
      ...nats.map((it) => inward(it.publicAddress, wireName(it.id))),
    ]),
    neighbours: specs
      .flatMap(({ vpc, nats }) => [vpc, ...nats.map((it) => it.id)])
      .map((it) => ({ dev: wireName(it), ...wire.inner })),
  }
}

function inward(publicAddress: string, dev: string): Route {
  return { kind: 'unicast', to: `${publicAddress}/32`, dev, via: wire.inner.address }
}

/** Which wire packets take that leave, by the table of their source. What has no way is not here: its host had none either. */
function edgeTableLinks({ tables, nats }: EdgeNetworkSpec): { routes: Route[]; rules: Rule[] } {
  const devices = new Map<string, string>([
    ['own-address', 'outside'],
    ...nats.map((it): [string, string] => [it.id, natWireName(it.id)]),
  ])
  return {
    routes: tables.flatMap((spec) => {
      const table = kernelTable(spec)
      const ways = spec.ways.map(({ to, by }): Route => {
        const dev = devices.get(by)
        if (dev === undefined) return { kind: 'blackhole', to: canonical(to), table }
        return { kind: 'unicast', to: canonical(to), dev, via: wire.outer.address, table }
      })
      return [...ways, { kind: 'unreachable', to: '0.0.0.0/0', table }]
    }),
    rules: tables.map(tableRule),
  }
}
