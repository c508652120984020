import { remembered } from '../../base/remembered.ts'
import type { DnsSpec } from '../../host-api/dns.ts'
import type { RouterSpec, SubnetSpec, VifSpec, WireSpec } from '../../host-api/spec.ts'
import { privateName } from '../../model/cloud.ts'
import type { SubnetId } from '../../model/ids.ts'
import type { Reader } from '../../store/store.ts'
import type { MetadataOptionsJson, VpcRow } from '../../store/tables/resources.ts'
import { dnsSpecOf } from '../dns/dns-spec.ts'
import type { Guest, GuestInterface } from '../instances/guest.ts'
import { gateway6Of } from '../ipv6/networks.ts'
import { metadataOf } from '../metadata/facts.ts'
import { metadataTree } from '../metadata/tree.ts'
import type { AclSpecs } from '../network-acls/acl-specs.ts'
import { groupSpecs } from '../security-groups/group-specs.ts'
import { gatewayOf } from '../vpcs/addresses.ts'
import { aclsOf } from './acls.ts'
import { dhcpOf } from './dhcp.ts'
import { objectsOf } from './objects.ts'
import { guestRoutes, mtu } from './routes.ts'
import type { Scene, SceneHost } from './scene.ts'
import { cidrsOf, tableSpecs } from './ways.ts'

interface Place {
  readonly host: SceneHost
  readonly vpc: VpcRow
  readonly wires: readonly WireSpec[]
}

/**
 * The router that a VPC has on a host. One without guests serves only what passes through, from a wire to other hosts. Most of what
 * changes on a host concerns one of its routers: those without wires are as they were where nothing of their own VPC and groups has changed.
 */
export async function routerSpec(reader: Reader, scene: Scene, place: Place): Promise<RouterSpec> {
  const { host, vpc, wires } = place
  const { network, guests } = scene
  const here = guests.at(host.id)
  const vifs = remembered(here, `vifs ${vpc.id}`, [network], () => here.flatMap((guest) => vifsOf(scene, guest, vpc)))
  const dns = vifs.length > 0 ? dnsSpecOf(scene, vpc) : undefined
  const groups = await groupSpecs(reader, scene, vifs)
  const make = () => makeRouter(reader, scene, { ...place, vifs, groups, dns })
  if (wires.length > 0) return make()
  const of = [network, guests.at(vpc.id), dns, ...groups]
  return remembered(vifs, `router ${host.id}`, of, make)
}

async function makeRouter(
  reader: Reader,
  scene: Scene,
  { host, vpc, wires, vifs, groups, dns }: Place & Pick<RouterSpec, 'vifs' | 'groups'> & { dns: DnsSpec | undefined },
): Promise<RouterSpec> {
  const { acls, ofSubnet } = await aclsOf(reader, scene, vpc.id)
  return {
    vpc: vpc.id,
    vni: vpc.vni,
    mtu,
    cidrs: cidrsOf(scene, vpc.id),
    subnets: vifs.length > 0 ? subnetsOf(scene, vpc, ofSubnet) : [],
    vifs,
    groups,
    ...(acls.length > 0 && { acls }),
    routes: guestRoutes(scene, vpc.id),
    tables: vifs.length > 0 ? tableSpecs(scene, vpc.id, host.id) : [],
    wires,
    ...(dns && { dns }),
    ...objectsOf(scene, vpc, vifs),
  }
}

/** The same objects for all hosts of the VPC. */
function subnetsOf(scene: Scene, vpc: VpcRow, aclOf: AclSpecs['ofSubnet']): readonly SubnetSpec[] {
  return remembered(scene.network, `subnets ${vpc.id}`, [aclOf], () => {
    const dhcp = dhcpOf(scene, vpc)
    return (scene.network.subnets.get(vpc.id) ?? []).map(({ id, cidr }) => ({
      id,
      cidr,
      gateway: gatewayOf(cidr),
      ...subnet6(scene, id),
      ...(aclOf.has(id) && { acl: aclOf.get(id)! }), // it has one
      ...dhcp,
    }))
  })
}

function subnet6({ network }: Scene, id: SubnetId): Pick<SubnetSpec, 'ipv6'> {
  const cidr = network.subnetBlocks6.get(id)?.cidr
  return cidr === undefined ? {} : { ipv6: { cidr, gateway: gateway6Of(cidr) } }
}

/** The guest's vifs in the VPC. */
function vifsOf(scene: Scene, guest: Guest, vpc: VpcRow): VifSpec[] {
  const { network } = scene
  if (!guest.interfaces.some((it) => it.vpcId === vpc.id)) return []
  return remembered(guest, `vifs ${vpc.id}`, [network], () =>
    guest.interfaces.filter((it) => it.vpcId === vpc.id).map((nic) => vifSpec(scene, guest, nic, vpc)),
  )
}

function vifSpec(scene: Scene, guest: Guest, nic: GuestInterface, vpc: VpcRow): VifSpec {
  const { instance } = guest
  const options = JSON.parse(instance.metadataJson) as MetadataOptionsJson
  const groups = guest.groupsOf.get(nic.id) ?? []
  const [, ...secondary] = guest.addressesOf(nic.id)
  const six = guest.addresses6.get(nic.id)
  const facts = metadataOf(scene.cloud, guest, {
    vpc,
    otherCidrs: cidrsOf(scene, vpc.id).slice(1),
    subnetBlocks6: scene.network.subnetBlocks6,
    subnets: scene.network.subnets.get(vpc.id) ?? [],
    showTags: options.tagsEnabled,
  })
  return {
    id: nic.id,
    domain: instance.domainId,
    mac: nic.mac,
    address: nic.privateAddress,
    ...(secondary.length > 0 && { secondaryAddresses: secondary.map((it) => it.address) }),
    ...(six && { ipv6: six }),
    subnet: nic.subnetId,
    hostname: privateName(scene.cloud, nic.privateAddress),
    groups: groups.map((it) => it.id),
    sourceDestCheck: nic.sourceDestCheck === 1,
    metadata: {
      enabled: options.enabled,
      tokens: options.tokens,
      hopLimit: options.hopLimit,
      tree: metadataTree(facts),
      ...(instance.userData !== null && { userData: instance.userData }),
    },
  }
}
