/**
 * What each host shall be, from the rows: the one place where EC2's resources become domains, disks, vifs and rules.
 * The same rows give the same spec.
 */
import type {
  DiskSpec,
  DomainSpec,
  EdgeNetworkSpec,
  HostSpec,
  RouterSpec,
  SubnetSpec,
  VifSpec,
} from '../../host-api/spec.ts'
import { type Cloud, privateDomain, privateName } from '../../model/cloud.ts'
import type { HostId, InstanceId, VpcId } from '../../model/ids.ts'
import { instanceType } from '../../model/instance-types.ts'
import type { Reader } from '../../store/store.ts'
import type {
  HostRow,
  ImageRow,
  InstanceRow,
  InterfaceRow,
  MetadataOptionsJson,
  SubnetRow,
  VpcRow,
} from '../../store/tables/resources.ts'
import { disksOfType, rootDevice } from '../instances/disks.ts'
import { groupsOf } from '../instances/find.ts'
import type { Guest } from '../instances/guest.ts'
import { metadataOf } from '../metadata/facts.ts'
import { metadataTree } from '../metadata/tree.ts'
import { groupSpecs } from '../security-groups/group-specs.ts'
import { tagsOf } from '../tags/tags.ts'
import { dnsOf, gatewayOf } from '../vpcs/addresses.ts'

/** The specs of these hosts, in one consistent view of the rows. */
export type SpecSource = (reader: Reader, hosts: readonly HostId[]) => Promise<HostSpec[]>

/** How long a guest may take to shut down by itself. */
const graceMs = 20_000
/** Guests' MTU. The underlay carries it and VXLAN's 50 bytes. Source: EC2 User Guide, "Jumbo frames (9001 MTU)". */
const mtu = 1500

/** Everything that specs are made of, read once for all hosts asked for. */
interface Scene {
  readonly cloud: Cloud
  readonly hosts: ReadonlyMap<HostId, HostRow>
  readonly guests: readonly Guest[]
  readonly vpcs: readonly VpcRow[]
  readonly subnets: readonly SubnetRow[]
  readonly groupsOf: ReadonlyMap<string, readonly { readonly id: `sg-${string}`; readonly name: string }[]>
}

export function specsFrom(cloud: Cloud): SpecSource {
  return async (reader, hosts) => {
    const scene = await readScene(reader, cloud)
    const specs: HostSpec[] = []
    for (const id of hosts) {
      const host = scene.hosts.get(id)
      if (host) specs.push(await hostSpec(reader, scene, host))
    }
    return specs
  }
}

async function hostSpec(reader: Reader, scene: Scene, host: HostRow): Promise<HostSpec> {
  const guests = scene.guests.filter((it) => it.instance.hostId === host.id)
  const vpcIds = new Set(guests.flatMap((it) => it.interfaces.map((nic) => nic.vpcId)))
  const routers: RouterSpec[] = []
  for (const vpc of scene.vpcs) if (vpcIds.has(vpc.id)) routers.push(await routerSpec(reader, scene, host, vpc))
  return {
    host: host.id,
    generation: host.generation,
    domains: guests.map((it) => domainSpec(scene.cloud, it)),
    routers,
    ...(host.isEdge === 1 && { edge: { networks: edgeNetworks(scene) } }),
  }
}

function domainSpec(cloud: Cloud, { instance, image, interfaces }: Guest): DomainSpec {
  const type = instanceType(instance.type)! // instances are made of types that exist
  return {
    id: instance.domainId,
    instance: instance.id,
    uuid: instance.uuid,
    power: instance.power === 'on' ? 'on' : 'off',
    graceMs,
    begun: instance.runningAt !== null,
    reboots: instance.reboots,
    vcpus: type.vcpus,
    memoryMiB: instance.memoryMib,
    cpuQuotaCores: Math.min(type.vcpus, type.ecu / cloud.ecuPerCore),
    cpuWeight: Math.max(1, Math.round(type.ecu * 100)),
    boot: {
      image: image.id,
      kernel: image.kernelFile,
      ...(image.ramdiskFile !== null && { ramdisk: image.ramdiskFile }),
      commandLine: image.commandLine,
    },
    disks: disksOf(cloud, instance, image),
    vifs: interfaces.map(({ id, mac }) => ({ id, mac })),
  }
}

/** Root, ephemeral disks, and swap for types that have it. A disk's serial is its name: so the guest finds it. */
function disksOf(cloud: Cloud, { type }: InstanceRow, image: ImageRow): DiskSpec[] {
  const { ephemeral, swap } = disksOfType(cloud, type)
  return [
    {
      kind: 'root',
      name: rootDevice,
      serial: rootDevice,
      image: image.id,
      file: image.rootFile,
      sizeMiB: image.rootSizeMib,
    },
    ...ephemeral.map(
      ({ name, sizeMiB }, index): DiskSpec => ({
        kind: 'ephemeral',
        name,
        serial: name,
        sizeMiB,
        label: `ephemeral${index}`,
      }),
    ),
    ...(swap ? [{ kind: 'swap' as const, serial: swap.name, ...swap }] : []),
  ]
}

async function routerSpec(reader: Reader, scene: Scene, host: HostRow, vpc: VpcRow): Promise<RouterSpec> {
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
  const facts = metadataOf(scene.cloud, guest, {
    vpc,
    subnets: scene.subnets,
    groupsOf: scene.groupsOf,
    showTags: options.tagsEnabled,
  })
  return {
    id: nic.id,
    domain: instance.domainId,
    mac: nic.mac,
    address: nic.privateAddress,
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

/** One route for each guest of the VPC whose host passes `test`. */
function guestRoutes(
  { guests, hosts }: Scene,
  vpc: VpcId,
  test: (host: HostId) => boolean,
): { to: string; via: string }[] {
  return guests.flatMap(({ instance, interfaces }) => {
    const host = instance.hostId === null ? undefined : hosts.get(instance.hostId)
    if (!host || !test(host.id)) return []
    return interfaces
      .filter((it) => it.vpcId === vpc)
      .map((it) => ({ to: `${it.privateAddress}/32`, via: host.underlayAddress }))
  })
}

/** The default route: to the edge. */
function wayOut({ hosts }: Scene): { to: string; via: string }[] {
  const edge = [...hosts.values()].find((it) => it.isEdge === 1)
  return edge ? [{ to: '0.0.0.0/0', via: edge.underlayAddress }] : []
}

function edgeNetworks(scene: Scene): EdgeNetworkSpec[] {
  const nics = scene.guests.flatMap((it) => it.interfaces)
  return scene.vpcs
    .map((vpc) => ({
      vpc: vpc.id,
      vni: vpc.vni,
      cidr: vpc.cidr,
      mtu,
      addresses: nics
        .filter((it) => it.vpcId === vpc.id && it.publicAddress !== null)
        .map((it) => ({ publicAddress: it.publicAddress!, privateAddress: it.privateAddress })), // not null: filtered
      routes: guestRoutes(scene, vpc.id, () => true),
    }))
    .filter((it) => it.addresses.length > 0)
}

async function readScene(reader: Reader, cloud: Cloud): Promise<Scene> {
  const { db } = reader
  const hosts = await db.selectFrom('hosts').selectAll().execute()
  const instances = await db
    .selectFrom('instances')
    .selectAll()
    .where('hostId', 'is not', null)
    .where('power', '!=', 'gone')
    .orderBy('id')
    .execute()
  const images = await db.selectFrom('images').selectAll().execute()
  const vpcs = await db.selectFrom('vpcs').selectAll().orderBy('id').execute()
  const subnets = await db.selectFrom('subnets').selectAll().orderBy('id').execute()
  const interfaces = await db
    .selectFrom('interfaces')
    .selectAll()
    .where('instanceId', 'is not', null)
    .orderBy('deviceIndex')
    .execute()
  const nics = Map.groupBy(interfaces, (it) => it.instanceId as InstanceId) // not null: filtered
  const tags = await tagsOf(
    reader,
    instances.map((it) => it.id),
  )
  const imageById = new Map(images.map((it) => [it.id, it]))
  return {
    cloud,
    hosts: new Map(hosts.map((it) => [it.id, it])),
    guests: instances.flatMap((instance) => {
      const image = imageById.get(instance.imageId)
      return image
        ? [{ instance, image, interfaces: nics.get(instance.id) ?? [], tags: tags.get(instance.id) ?? {} }]
        : []
    }),
    vpcs,
    subnets,
    groupsOf: await groupsOf(
      reader,
      interfaces.map((it) => it.id),
    ),
  }
}
