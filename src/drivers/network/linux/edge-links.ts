import type { EdgeNetworkSpec } from '../../../host-api/spec.ts'
import { canonical } from './ipv4.ts'
import type { Route, Wanted } from './links.ts'
import { wireName } from './names.ts'
import { overlayLinks } from './router-links.ts'

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
  return {
    taps: [],
    addresses: [{ dev: 'overlay', address: `${here}/32` }],
    routes: [
      ...overlay.routes,
      { kind: 'unicast', to: '0.0.0.0/0', dev: 'outside', via: wire.outer.address },
      { kind: 'unreachable', to: canonical(spec.cidr) },
    ],
    neighbours: [{ dev: 'outside', ...wire.outer }, ...overlay.neighbours],
  }
}

/** What the edge itself adds for its VPCs: where each public address leads. Addresses of the edge are not its affair. */
export function edgeLinks(specs: readonly EdgeNetworkSpec[]): Pick<Wanted, 'routes' | 'neighbours'> {
  return {
    routes: specs.flatMap(({ vpc, addresses }) =>
      addresses.map(
        ({ publicAddress }): Route => ({
          kind: 'unicast',
          to: `${publicAddress}/32`,
          dev: wireName(vpc),
          via: wire.inner.address,
        }),
      ),
    ),
    neighbours: specs.map((it) => ({ dev: wireName(it.vpc), ...wire.inner })),
  }
}
