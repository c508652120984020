import type { EdgeNetworkSpec } from '../../host-api/spec.ts'
import { guestRoutes, mtu } from './routes.ts'
import type { Scene } from './scene.ts'
import { cidrsOf, edgeTables, natSpecs, openSubnets } from './ways.ts'

/** Where VPCs meet the outside: those with a public address or a NAT, and a way there. */
export function edgeNetworks(scene: Scene): EdgeNetworkSpec[] {
  const nics = scene.guests.flatMap((it) => it.interfaces)
  return scene.vpcs
    .map((vpc) => ({ vpc, open: openSubnets(scene, vpc.id) }))
    .map(({ vpc, open }) => ({
      vpc: vpc.id,
      vni: vpc.vni,
      cidrs: cidrsOf(scene, vpc.id),
      mtu,
      addresses: nics
        .filter((it) => it.vpcId === vpc.id && open.has(it.subnetId))
        .flatMap((it) => scene.addressesOf(it.id))
        .flatMap((it) => (it.public ? [{ publicAddress: it.public.publicAddress, privateAddress: it.address }] : [])),
      routes: guestRoutes(scene, vpc.id, () => true),
      tables: edgeTables(scene, vpc.id),
      nats: natSpecs(scene, vpc),
    }))
    .filter((it) => it.addresses.length > 0 || it.nats.length > 0)
}
