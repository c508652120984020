import { isSix } from '../../../base/ipv6.ts'
import type { EdgeNetworkSpec } from '../../../host-api/spec.ts'
import { canonical } from './ipv4.ts'
import { canonicalNetwork } from './ipv6.ts'
import type { Route, Rule, Wanted } from './links.ts'
import { natWireName, wireName } from './names.ts'
import { overlayLinks } from './overlay-links.ts'
import { kernelTable, tableRule } from './table-links.ts'

/** The two ends of the wire between the edge and a VPC's router there: the same for every VPC, each on its own wire. */
export const wire = {
  outer: { address: '169.254.1.1', address6: 'fe80::1', mac: '0e:00:00:00:00:01' },
  inner: { address: '169.254.1.2', address6: 'fe80::2', mac: '0e:00:00:00:00:02' },
} as const

/**
 * What a VPC's router at the edge holds. Its own address is the edge's in the underlay: what guests see of it in a
 * traceroute. What is neither routed inside nor outside of the VPC is unreachable.
 */
export function edgeRouterLinks(spec: EdgeNetworkSpec, here: string): Wanted {
  const overlay = overlayLinks(spec.routes, here)
  const tables = edgeTableLinks(spec)
  const six = spec.cidrs.some(isSix)
  return {
    taps: [],
    addresses: [{ dev: 'overlay', address: `${here}/32` }],
    routes: [
      ...overlay.routes,
      { kind: 'unicast', to: '0.0.0.0/0', dev: 'outside', via: wire.outer.address },
      ...(six ? [{ kind: 'unicast', to: '::/0', dev: 'outside', via: wire.outer.address6 } as const] : []),
      ...spec.cidrs.map((it): Route => ({ kind: 'unreachable', to: canonicalNetwork(it) })),
      ...tables.routes,
    ],
    neighbours: [
      ...['outside', ...spec.nats.map((it) => natWireName(it.id))].map((dev) => ({
        ...{ dev, address: wire.outer.address, mac: wire.outer.mac },
      })),
      ...(six ? [{ dev: 'outside', address: wire.outer.address6, mac: wire.outer.mac }] : []),
      ...overlay.neighbours,
    ],
    rules: tables.rules,
  }
}

/**
 * What the edge itself adds for its VPCs: where each public address leads, and each block of IPv6, whose addresses are known
 * outside as they are. Addresses of the edge are not its affair.
 */
export function edgeLinks(specs: readonly EdgeNetworkSpec[]): Pick<Wanted, 'routes' | 'neighbours'> {
  return {
    routes: specs.flatMap(({ vpc, cidrs, addresses, nats }) => [
      ...cidrs.filter(isSix).map(
        (it): Route => ({
          ...{ kind: 'unicast', to: canonicalNetwork(it), dev: wireName(vpc), via: wire.inner.address6 },
        }),
      ),
      ...addresses.map((it) => inward(it.publicAddress, wireName(vpc))),
      ...nats.map((it) => inward(it.publicAddress, wireName(it.id))),
    ]),
    neighbours: [
      ...specs
        .flatMap(({ vpc, nats }) => [vpc, ...nats.map((it) => it.id)])
        .map((it) => ({ dev: wireName(it), address: wire.inner.address, mac: wire.inner.mac })),
      ...specs
        .filter((it) => it.cidrs.some(isSix))
        .map((it) => ({ dev: wireName(it.vpc), address: wire.inner.address6, mac: wire.inner.mac })),
    ],
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
