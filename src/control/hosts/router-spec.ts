import type { RouterSpec, SubnetSpec, VifSpec } from '../../host-api/spec.ts'
import { privateDomain, privateName } from '../../model/cloud.ts'
import type { Reader } from '../../store/store.ts'
import type { HostRow, InterfaceRow, MetadataOptionsJson, VpcRow } from '../../store/tables/resources.ts'
import type { Guest } from '../instances/guest.ts'
import { metadataOf } from '../metadata/facts.ts'
import { metadataTree } from '../metadata/tree.ts'
import { groupSpecs } from '../security-groups/group-specs.ts'
import { dnsOf, gatewayOf } from '../vpcs/addresses.ts'
import { guestRoutes, mtu, wayOut } from './routes.ts'
import type { Scene } from './scene.ts'

/** The router that a VPC has on a host. */
export async function routerSpec(reader: Reader, scene: Scene, host: HostRow, vpc: VpcRow): Promise<RouterSpec> {
  const here = scene.guests.filter((it) => it.instance.hostId === host.id)
  const vifs = here.flatMap((guest) =>
    guest.interfaces.filter((it) => it.vpcId === vpc.id).map((nic) => vifSpec(scene, guest, nic, vpc)),
  )
  return {
    vpc: vpc.id,
    vni: vpc.vni,
    mtu,
    subnets: subnetsOf(scene, vpc),
    vifs,
    groups: await groupSpecs(reader, [...new Set(vifs.flatMap((it) => it.groups))]),
    routes: [...guestRoutes(scene, vpc.id, (it) => it !== host.id), ...wayOut(scene)],
  }
}

function subnetsOf({ cloud, subnets }: Scene, vpc: VpcRow): SubnetSpec[] {
  return subnets
    .filter((it) => it.vpcId === vpc.id)
    .map(({ id, cidr }) => ({
      id,
      cidr,
      gateway: gatewayOf(cidr),
      dns: [dnsOf(vpc.cidr)],
      domainName: privateDomain(cloud),
    }))
}

function vifSpec(scene: Scene, guest: Guest, nic: InterfaceRow, vpc: VpcRow): VifSpec {
  const { instance } = guest
  const options = JSON.parse(instance.metadataJson) as MetadataOptionsJson
  const groups = scene.groupsOf.get(nic.id) ?? []
  const [, ...secondary] = scene.addressesOf(nic.id)
  const facts = metadataOf(scene.cloud, guest, {
    vpc,
    subnets: scene.subnets,
    groupsOf: scene.groupsOf,
    addressesOf: scene.addressesOf,
    showTags: options.tagsEnabled,
  })
  return {
    id: nic.id,
    domain: instance.domainId,
    mac: nic.mac,
    address: nic.privateAddress,
    ...(secondary.length > 0 && { secondaryAddresses: secondary.map((it) => it.address) }),
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
