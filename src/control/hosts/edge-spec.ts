import { remembered } from '../../base/remembered.ts'
import type { EdgeNetworkSpec } from '../../host-api/spec.ts'
import type { VpcRow } from '../../store/tables/resources.ts'
import { guestRoutes, mtu } from './routes.ts'
import type { Scene } from './scene.ts'
import { cidrsOf, edgeBlocks6, edgeTables, natSpecs, openSubnets } from './ways.ts'

/** Where VPCs meet the outside: those with a public address, a NAT or IPv6, and a way there. */
export function edgeNetworks(scene: Scene): EdgeNetworkSpec[] {
  return scene.network.vpcs
    .map((vpc) => remembered(scene.network, `edge ${vpc.id}`, [scene.guests.at(vpc.id)], () => edgeNetwork(scene, vpc)))
    .filter((it) => it.addresses.length > 0 || it.nats.length > 0 || it.ipv6)
}

function edgeNetwork(scene: Scene, vpc: VpcRow): EdgeNetworkSpec {
  const open = openSubnets(scene, vpc.id)
  const six = edgeBlocks6(scene, vpc.id)
  return {
    vpc: vpc.id,
    vni: vpc.vni,
    cidrs: cidrsOf(scene, vpc.id),
    mtu,
    addresses: scene.guests.at(vpc.id).flatMap((guest) =>
      guest.interfaces
        .filter((it) => it.vpcId === vpc.id && open.has(it.subnetId))
        .flatMap((it) => guest.addressesOf(it.id))
        .flatMap((it) => (it.public ? [{ publicAddress: it.public.publicAddress, privateAddress: it.address }] : [])),
    ),
    routes: guestRoutes(scene, vpc.id, () => true),
    tables: edgeTables(scene, vpc.id),
    nats: natSpecs(scene, vpc),
    ...(six.open.length + six.outward.length > 0 && { ipv6: six }),
  }
}
