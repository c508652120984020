import type { RouteSpec } from '../../host-api/spec.ts'
import type { VpcId } from '../../model/ids.ts'
import type { Guest } from '../instances/guest.ts'
import type { Scene } from './scene.ts'

/** Guests' MTU. The underlay carries it and VXLAN's 50 bytes. Source: EC2 User Guide, "Jumbo frames (9001 MTU)". */
export const mtu = 1500

/** One route for each address of a guest of the VPC: the same object for all of its hosts, who leave out their own. */
export function guestRoutes(scene: Scene, vpc: VpcId): readonly RouteSpec[] {
  return scene.guests.each(vpc, 'routes', {
    with: [scene.network], // It is another where a host is elsewhere.
    of: (guest) => {
      const host = scene.hosts.get(guest.instance.hostId!) // guests have one
      return host ? routesTo(guest, vpc, host.underlayAddress) : []
    },
  })
}

function routesTo(guest: Guest, vpc: VpcId, via: string): RouteSpec[] {
  return guest.interfaces
    .filter((it) => it.vpcId === vpc)
    .flatMap((it) => [
      ...guest.addressesOf(it.id).map(({ address }) => `${address}/32`),
      ...(guest.addresses6.get(it.id) ?? []).map((address) => `${address}/128`),
    ])
    .map((to) => ({ to, via }))
}
