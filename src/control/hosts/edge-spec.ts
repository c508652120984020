import { remembered } from '../../base/remembered.ts'
import type { EdgeNetworkSpec } from '../../host-api/spec.ts'
import type { Reader } from '../../store/store.ts'
import type { VpcRow } from '../../store/tables/resources.ts'
import { leadsInto } from '../instances/guest.ts'
import type { AclSpecs } from '../network-acls/acl-specs.ts'
import { aclsOf } from './acls.ts'
import { guestRoutes, mtu } from './routes.ts'
import type { Scene } from './scene.ts'
import { cidrsOf, edgeBlocks6, edgeTables, natSpecs, openSubnets } from './ways.ts'

/** Where VPCs meet the outside: those with a public address, a NAT or IPv6, and a way there. */
export async function edgeNetworks(reader: Reader, scene: Scene): Promise<EdgeNetworkSpec[]> {
  const networks: EdgeNetworkSpec[] = []
  for (const vpc of scene.network.vpcs) {
    const acls = natSpecs(scene, vpc).length > 0 ? await aclsOf(reader, scene, vpc.id) : noAcls
    const of = [scene.guests.at(vpc.id)]
    networks.push(remembered(scene.network, `edge ${vpc.id}`, of, () => edgeNetwork(scene, vpc, acls)))
  }
  return networks.filter((it) => it.addresses.length > 0 || it.nats.length > 0 || it.ipv6)
}

const noAcls: AclSpecs = { acls: [], ofSubnet: new Map() }

function edgeNetwork(scene: Scene, vpc: VpcRow, { acls, ofSubnet }: AclSpecs): EdgeNetworkSpec {
  const open = openSubnets(scene, vpc.id)
  const six = edgeBlocks6(scene, vpc.id)
  const nats = natSpecs(scene, vpc, ofSubnet)
  const named = acls.filter(({ id }) => nats.some((it) => it.boundary?.acl === id))
  return {
    vpc: vpc.id,
    vni: vpc.vni,
    cidrs: cidrsOf(scene, vpc.id),
    mtu,
    addresses: leadsInto(scene.guests, vpc.id).flatMap((it) => (open.has(it.subnetId) ? [it.addresses] : [])),
    routes: guestRoutes(scene, vpc.id),
    tables: edgeTables(scene, vpc.id),
    nats,
    ...(named.length > 0 && { acls: named }),
    ...(six.open.length + six.outward.length > 0 && { ipv6: six }),
  }
}
