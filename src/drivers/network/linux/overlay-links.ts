import { isSix } from '../../../base/ipv6.ts'
import type { RouteSpec } from '../../../host-api/spec.ts'
import { canonicalNetwork, hopOf } from './ipv6.ts'
import type { Neighbour, Route } from './links.ts'
import { overlayMac } from './names.ts'

/**
 * Routes over the overlay. The next hop within it is the other host's underlay address, on no subnet of ours, whose MAC
 * follows from it: nothing is asked, learned or flooded. Our own is what a guest elsewhere sees of us in a traceroute: a
 * gateway's would not do, since its router has that too and takes nothing from itself. Routes to ourselves are left out: what is here is known better.
 */
export function overlayLinks(specs: readonly RouteSpec[], here: string): { routes: Route[]; neighbours: Neighbour[] } {
  const away = specs.filter((it) => it.via !== here)
  return {
    routes: away.map(({ to, via }) => ({
      kind: 'unicast',
      to: canonicalNetwork(to),
      dev: 'overlay',
      via: hopTo(to, via),
    })),
    neighbours: overlayNeighbours(away),
  }
}

/** The next hop to a network of either version of IP. */
export function hopTo(to: string, via: string): string {
  return isSix(to) ? hopOf(via) : via
}

/** Hosts that ways lead to. That of IPv4 is always there: its forwarding entry serves both. */
export function overlayNeighbours(ways: readonly RouteSpec[]): Neighbour[] {
  const at = (address: string, via: string): Neighbour => ({ dev: 'overlay', address, mac: overlayMac(via) })
  const sixes = ways.filter((it) => isSix(it.to)).map((it) => it.via)
  return [
    ...[...new Set(ways.map((it) => it.via))].map((via) => at(via, via)),
    ...[...new Set(sixes)].map((via) => at(hopOf(via), via)),
  ]
}
