import type { RouteSpec } from '../../host-api/spec.ts'
import type { HostId, VpcId } from '../../model/ids.ts'
import type { Scene } from './scene.ts'

/** Guests' MTU. The underlay carries it and VXLAN's 50 bytes. Source: EC2 User Guide, "Jumbo frames (9001 MTU)". */
export const mtu = 1500

/** One route for each address of a guest of the VPC whose host passes `test`. */
export function guestRoutes(
  { guests, hosts, addressesOf }: Scene,
  vpc: VpcId,
  test: (host: HostId) => boolean,
): RouteSpec[] {
  return guests.flatMap(({ instance, interfaces }) => {
    const host = instance.hostId === null ? undefined : hosts.get(instance.hostId)
    if (!host || !test(host.id)) return []
    return interfaces
      .filter((it) => it.vpcId === vpc)
      .flatMap((it) => addressesOf(it.id))
      .map((it) => ({ to: `${it.address}/32`, via: host.underlayAddress }))
  })
}
