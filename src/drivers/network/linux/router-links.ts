import type { RouterSpec, RouteSpec, VifSpec } from '../../../host-api/spec.ts'
import { userOfDomain } from '../../../model/domain-user.ts'
import { canonical } from './ipv4.ts'
import type { Address, Neighbour, Route, Wanted } from './links.ts'
import { metadataAddress, overlayMac, routerMac, tapName } from './names.ts'
import { tableLinks } from './table-links.ts'

/** What the namespace of a VPC's router on a host holds. `here` is the host's own underlay address. */
export function routerLinks(spec: RouterSpec, here: string): Wanted {
  const gateways = new Map(spec.subnets.map((it) => [it.id, it.gateway]))
  const vifs = spec.vifs.map((it) => ({ ...it, tap: tapName(it.id), gateway: gateways.get(it.subnet) ?? '' }))
  const own = vifs.flatMap((it) => addressesOfVif(it).map((address) => ({ ...it, address })))
  const overlay = overlayLinks(spec.routes, here)
  const tables = tableLinks(spec, here)
  return {
    taps: vifs.map((it) => ({
      name: it.tap,
      alias: it.id,
      mac: routerMac,
      mtu: spec.mtu,
      owner: userOfDomain(it.domain),
    })),
    addresses: [
      ...[metadataAddress, ...(spec.dns?.servers ?? [])].map((it) => host('lo', it)),
      host('overlay', here),
      ...vifs.map((it) => host(it.tap, it.gateway)),
    ],
    routes: [
      ...firstForEach([
        ...own.map((it): Route => ({ kind: 'unicast', to: `${it.address}/32`, dev: it.tap })),
        ...overlay.routes,
      ]),
      ...spec.cidrs.map((it): Route => ({ kind: 'unreachable', to: canonical(it) })),
      ...tables.routes,
    ],
    neighbours: [
      ...own.map((it) => ({ dev: it.tap, address: it.address, mac: it.mac })),
      ...overlay.neighbours,
      ...tables.neighbours,
    ],
    rules: tables.rules,
  }
}

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
      to: canonical(to),
      dev: 'overlay',
      via,
    })),
    neighbours: [...new Set(away.map((it) => it.via))].map((via) => ({
      dev: 'overlay',
      address: via,
      mac: overlayMac(via),
    })),
  }
}

/** One route to each network. A guest that hangs here is here, whatever else is said about it. */
function firstForEach(routes: readonly Route[]): Route[] {
  return [...new Map(routes.toReversed().map((it) => [it.to, it])).values()]
}

/** Every address that is the vif's own: its primary one first. */
export function addressesOfVif({ address, secondaryAddresses = [] }: VifSpec): string[] {
  return [address, ...secondaryAddresses]
}

function host(dev: string, address: string): Address {
  return { dev, address: `${address}/32` }
}
