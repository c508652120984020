import type { EdgeNetworkSpec } from '../../host-api/spec.ts'
import { guestRoutes, mtu } from './routes.ts'
import type { Scene } from './scene.ts'

/** Where VPCs meet the outside: those with a public address. */
export function edgeNetworks(scene: Scene): EdgeNetworkSpec[] {
  const nics = scene.guests.flatMap((it) => it.interfaces)
  return scene.vpcs
    .map((vpc) => ({
      vpc: vpc.id,
      vni: vpc.vni,
      cidr: vpc.cidr,
      mtu,
      addresses: nics
        .filter((it) => it.vpcId === vpc.id)
        .flatMap((it) => scene.addressesOf(it.id))
        .flatMap((it) => (it.public ? [{ publicAddress: it.public.publicAddress, privateAddress: it.address }] : [])),
      routes: guestRoutes(scene, vpc.id, () => true),
    }))
    .filter((it) => it.addresses.length > 0)
}
