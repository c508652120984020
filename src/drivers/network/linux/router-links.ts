import type { RouterSpec, SubnetSpec, VifSpec } from '../../../host-api/spec.ts'
import type { Heirs } from '../../heirs.ts'
import { alone, canonical6, canonicalNetwork, linkLocal } from './ipv6.ts'
import type { Address, Route, Wanted } from './links.ts'
import { gateway6, metadataAddress, routerMac, tapName } from './names.ts'
import { overlayLinks } from './overlay-links.ts'
import { tableLinks } from './table-links.ts'

/** What the namespace of a VPC's router on a host holds. `here` is the host's own underlay address. */
export function routerLinks(spec: RouterSpec, here: string, { userOf }: Pick<Heirs, 'userOf'>): Wanted {
  const subnets = new Map(spec.subnets.map((it) => [it.id, it]))
  const vifs = spec.vifs.map((it) => ({ ...it, tap: tapName(it.id), of: subnets.get(it.subnet) }))
  const own = vifs.flatMap((it) =>
    [...addressesOfVif(it), ...(it.ipv6 ?? []).map(canonical6)].map((address) => ({ ...it, address })),
  )
  const sixes = vifs.filter((it) => it.of?.ipv6)
  const overlay = overlayLinks(spec.routes, here)
  const tables = tableLinks(spec, here)
  return {
    taps: vifs.map((it) => ({
      name: it.tap,
      alias: it.id,
      mac: routerMac,
      mtu: spec.mtu,
      owner: userOf(it.domain),
    })),
    addresses: [
      ...[metadataAddress, ...(spec.objects ? [spec.objects.address] : []), ...(spec.dns?.servers ?? [])].map((it) =>
        host('lo', it),
      ),
      host('overlay', here),
      ...vifs.map((it) => host(it.tap, it.of?.gateway ?? '')),
      ...sixes.flatMap((it) => gateways6(it.tap, it.of?.ipv6)),
    ],
    routes: [
      ...firstForEach([
        ...own.map((it): Route => ({ kind: 'unicast', to: alone(it.address), dev: it.tap })),
        ...overlay.routes,
      ]),
      ...spec.cidrs.map((it): Route => ({ kind: 'unreachable', to: canonicalNetwork(it) })),
      ...tables.routes,
    ],
    neighbours: [
      ...own.map((it) => ({ dev: it.tap, address: it.address, mac: it.mac })),
      ...sixes.map((it) => ({ dev: it.tap, address: linkLocal(it.mac), mac: it.mac })),
      ...overlay.neighbours,
      ...tables.neighbours,
    ],
    rules: tables.rules,
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

/** What a tap has of IPv6: the address that guests hear of, and one in their subnet, without which dnsmasq tells them nothing. */
function gateways6(dev: string, subnet: SubnetSpec['ipv6']): Address[] {
  const length = subnet?.cidr.split('/')[1]
  return subnet
    ? [gateway6, canonical6(subnet.gateway)].map((it, index) => ({
        dev,
        address: `${it}/${index === 0 ? 64 : length}`,
      }))
    : []
}

function host(dev: string, address: string): Address {
  return { dev, address: `${address}/32` }
}
