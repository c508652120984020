import type { EC2, Instance, NetworkAcl, RouteTable, SecurityGroup } from '@aws-sdk/client-ec2'
import { expect, test } from 'vitest'
import { seededRandom } from '../../src/base/random.ts'
import { type SpecSource, specsFrom } from '../../src/control/hosts/host-spec.ts'
import { keptSpecs } from '../../src/control/hosts/kept-scene.ts'
import { TestCloud, testCloud } from '../../src/ec2/testing.ts'
import { changeOf, withChange } from '../../src/host-api/change.ts'
import type { AclRuleSpec, EdgeNetworkSpec, HostSpec, RouterSpec } from '../../src/host-api/spec.ts'
import { NetworkCaller } from './network-caller.ts'

/**
 * Many calls about networks, chosen by chance, also senseless ones. Whatever comes of them: only callers' mistakes are refused,
 * rows fit together, and what hosts shall be is what a reader of the public answers would say.
 */
test.each(['one', 'two', 'three'])(
  '500 calls leave hosts as the answers say (%s)',
  async (seed) => {
    await using cloud = await TestCloud.open()
    const caller = new NetworkCaller(cloud, seededRandom(seed))
    const hosts = new Followers(cloud)
    const seen = { guests6: 0 }
    for (let count = 1; count <= 500; count++) {
      await caller.callOne()
      if (count % 5 === 0) await hosts.follow()
      if (count % 50 === 0) seen.guests6 += await check(cloud, caller)
      if (count % 50 === 0) expect(byHost(await hosts.follow())).toEqual(byHost(await specsOf(cloud)))
    }
    expect(caller.served).toBeGreaterThan(150)
    expect(seen.guests6, 'guests with IPv6').toBeGreaterThan(0)
  },
  120_000,
)

/** What one account is told of its networks. */
interface Told {
  readonly instances: readonly Instance[]
  readonly tables: readonly RouteTable[]
  readonly vpcOfGateway: ReadonlyMap<string, string>
  readonly vpcOfNat: ReadonlyMap<string, string>
  readonly peerings: ReadonlyMap<string, readonly string[]>
  readonly vpcOfOutward: ReadonlyMap<string, string>
  /** Blocks of IPv6, by subnet. */
  readonly blocks6: ReadonlyMap<string, string>
  /** Those that have IPv6. */
  readonly vpcs6: ReadonlySet<string>
  readonly groups: readonly SecurityGroup[]
  readonly acls: readonly NetworkAcl[]
}

async function ask(ec2: EC2): Promise<Told> {
  const { Reservations = [] } = await ec2.describeInstances({})
  const { InternetGateways = [] } = await ec2.describeInternetGateways({})
  const { NatGateways = [] } = await ec2.describeNatGateways({})
  const { VpcPeeringConnections = [] } = await ec2.describeVpcPeeringConnections({})
  const { EgressOnlyInternetGateways = [] } = await ec2.describeEgressOnlyInternetGateways({})
  const { Subnets = [] } = await ec2.describeSubnets({})
  const { Vpcs = [] } = await ec2.describeVpcs({})
  const blockOf = (it: (typeof Subnets)[number]) => it.Ipv6CidrBlockAssociationSet?.[0]?.Ipv6CidrBlock
  const alive = (it: Instance) => it.State?.Name === 'running'
  const working = NatGateways.filter((it) => it.State === 'pending' || it.State === 'available')
  const active = VpcPeeringConnections.filter((it) => it.Status?.Code === 'active')
  const ends = (it: (typeof active)[number]) => [it.RequesterVpcInfo?.VpcId ?? '', it.AccepterVpcInfo?.VpcId ?? '']
  return {
    instances: Reservations.flatMap((it) => it.Instances ?? []).filter(alive),
    tables: (await ec2.describeRouteTables({})).RouteTables ?? [],
    vpcOfGateway: new Map(InternetGateways.map((it) => [it.InternetGatewayId!, it.Attachments?.[0]?.VpcId ?? ''])),
    vpcOfNat: new Map(working.map((it) => [it.NatGatewayId!, it.VpcId!])),
    peerings: new Map(active.map((it) => [it.VpcPeeringConnectionId!, ends(it)])),
    vpcOfOutward: new Map(
      EgressOnlyInternetGateways.map((it) => [it.EgressOnlyInternetGatewayId!, it.Attachments?.[0]?.VpcId ?? '']),
    ),
    blocks6: new Map(Subnets.flatMap((it) => (blockOf(it) ? [[it.SubnetId!, blockOf(it)!]] : []))),
    vpcs6: new Set(Vpcs.filter((it) => it.Ipv6CidrBlockAssociationSet?.length).map((it) => it.VpcId!)),
    groups: (await ec2.describeSecurityGroups({})).SecurityGroups ?? [],
    acls: (await ec2.describeNetworkAcls({})).NetworkAcls ?? [],
  }
}

/** How many guests with addresses of IPv6 were among those that were looked at. */
async function check(cloud: TestCloud, { clients }: NetworkCaller): Promise<number> {
  await checkRows(cloud)
  const told = await Promise.all(clients.map(ask))
  const specs = await specsOf(cloud)
  const hosts = await hostsOf(cloud)
  const everyone = told.flatMap((it) => it.instances)
  const edge = specs.find((it) => it.edge)?.edge?.networks ?? []
  for (const answers of told) {
    for (const guest of answers.instances) {
      const host = hosts.get(guest.InstanceId!)!
      const router = specs.find((it) => it.host === host.id)?.routers.find((it) => it.vpc === guest.VpcId)
      expect(router, `${guest.InstanceId} has no router`).toBeDefined()
      checkGuestRoutes(router!, guest, everyone, hosts)
      checkWays(router!, guest, answers, hosts)
      checkMembers(router!, guest, everyone)
      checkEdge(edge, guest, answers)
      checkAddresses6(router!, guest, answers)
      checkEdge6(edge, guest, answers)
      checkGroups(router!, guest, answers)
      checkAcl(router!, guest, answers)
    }
  }
  const known = new Set(everyone.map((it) => it.PrivateIpAddress))
  expect(specs.flatMap((it) => it.routers.flatMap((one) => one.vifs)).filter((it) => !known.has(it.address))).toEqual(
    [],
  )
  return everyone.filter((it) => addresses6(it).length > 0).length
}

const addresses6 = (it: Instance) =>
  (it.NetworkInterfaces ?? []).flatMap((nic) => (nic.Ipv6Addresses ?? []).map((of) => of.Ipv6Address!))

interface Host {
  readonly id: string
  readonly address: string
}

async function hostsOf(cloud: TestCloud): Promise<Map<string, Host>> {
  const rows = await cloud.store.read(({ db }) =>
    db
      .selectFrom('instances')
      .innerJoin('hosts', 'hosts.id', 'instances.hostId')
      .select(['instances.id', 'hosts.id as host', 'hosts.underlayAddress'])
      .execute(),
  )
  return new Map(rows.map((it) => [it.id, { id: it.host, address: it.underlayAddress }]))
}

const byHost = (specs: readonly HostSpec[]) => Object.fromEntries(specs.map((it) => [it.host, it]))

/** Hosts that are told what differs, by a control plane that reads what was written. */
class Followers {
  readonly #cloud: TestCloud
  readonly #source: SpecSource
  #specs: readonly HostSpec[] = []

  constructor(cloud: TestCloud) {
    this.#cloud = cloud
    this.#source = keptSpecs(cloud.store, testCloud)
  }

  async follow(): Promise<readonly HostSpec[]> {
    const ids = Object.keys(await this.#cloud.generations())
    const told = await this.#cloud.store.read((reader) => this.#source(reader, ids))
    this.#specs = told.map((it, index) => {
      const before = this.#specs[index]
      return before ? withChange(before, JSON.parse(JSON.stringify(changeOf(before, it)))) : it
    })
    return this.#specs
  }
}

async function specsOf(cloud: TestCloud): Promise<HostSpec[]> {
  return cloud.store.read(async (reader) => {
    const ids = (await reader.db.selectFrom('hosts').select('id').execute()).map((it) => it.id)
    return specsFrom(testCloud)(reader, ids)
  })
}

/** A guest's host knows the way to each guest of its VPC, and to no other address. */
function checkGuestRoutes(
  router: RouterSpec,
  guest: Instance,
  everyone: readonly Instance[],
  hosts: Map<string, Host>,
) {
  const all = everyone
    .filter((it) => it.VpcId === guest.VpcId)
    .flatMap((it) => {
      const own = [`${it.PrivateIpAddress}/32`, ...addresses6(it).map((address) => `${address}/128`)]
      return own.map((to) => `${to} ${hosts.get(it.InstanceId!)!.address}`)
    })
  expect(router.routes.map((it) => `${it.to} ${it.via}`).sort()).toEqual(all.sort())
}

const probes6 = ['2600::9', '2001:db8:ffff::9', '2a00::1']
const probes = ['198.51.100.9', '192.0.2.9', '192.0.2.200', '10.1.0.9', '10.2.0.9', '10.200.0.1', '8.8.8.8', ...probes6]
const edgeAddress = '10.0.0.1'

/** Packets to anywhere outside of the VPC go where the guest's table says, by longest prefix. */
function checkWays(router: RouterSpec, guest: Instance, told: Told, hosts: Map<string, Host>) {
  const table = tableOf(guest, told)
  const spec = router.tables.find((it) => it.sources.some((cidr) => within(cidr, guest.PrivateIpAddress!)))
  expect(spec?.sources.filter((cidr) => addresses6(guest).some((it) => within(cidr, it)))).toHaveLength(
    addresses6(guest).length > 0 ? 1 : 0,
  )
  for (const probe of probes.filter((it) => !router.cidrs.some((cidr) => within(cidr, it)))) {
    const way = longest(spec?.ways ?? [], (it) => it.to, probe)
    const route = longest(table.Routes ?? [], (it) => (it.DestinationCidrBlock ?? it.DestinationIpv6CidrBlock)!, probe)
    expect(way && { ...way, to: '' }, `${guest.InstanceId} to ${probe}`).toEqual(
      route && { to: '', ...wayOfRoute(route, guest, told, hosts) },
    )
  }
}

type Route = NonNullable<RouteTable['Routes']>[number]

function wayOfRoute(route: Route, guest: Instance, told: Told, hosts: Map<string, Host>) {
  const nowhere = { nowhere: true }
  const outward = route.EgressOnlyInternetGatewayId
  if (outward) return told.vpcOfOutward.get(outward) === guest.VpcId ? { via: edgeAddress } : nowhere
  if (route.GatewayId) return told.vpcOfGateway.get(route.GatewayId) === guest.VpcId ? { via: edgeAddress } : nowhere
  if (route.NatGatewayId) return told.vpcOfNat.get(route.NatGatewayId) === guest.VpcId ? { via: edgeAddress } : nowhere
  const peering = route.VpcPeeringConnectionId
  if (peering) return told.peerings.get(peering)?.includes(guest.VpcId!) ? { wire: peering } : nowhere
  const owns = (it: Instance) =>
    it.NetworkInterfaces?.some((nic) => nic.NetworkInterfaceId === route.NetworkInterfaceId)
  const router = told.instances.find(owns)
  if (!router) return nowhere
  const [there, here] = [hosts.get(router.InstanceId!)!, hosts.get(guest.InstanceId!)!]
  return there.id === here.id ? { vif: route.NetworkInterfaceId } : { via: there.address }
}

function tableOf(guest: Instance, { tables }: Told): RouteTable {
  const own = tables.find((it) => it.Associations?.some((of) => of.SubnetId === guest.SubnetId))
  return own ?? tables.find((it) => it.VpcId === guest.VpcId && it.Associations?.some((of) => of.Main))!
}

/** Each group of the guest has as members the guests that are in it. */
function checkMembers(router: RouterSpec, guest: Instance, everyone: readonly Instance[]) {
  for (const { GroupId } of guest.SecurityGroups ?? []) {
    const members = everyone.filter((it) => it.SecurityGroups?.some((of) => of.GroupId === GroupId))
    const addresses = members.flatMap((it) => [it.PrivateIpAddress!, ...addresses6(it)]).sort()
    expect(router.groups.find((it) => it.id === GroupId)?.members.toSorted()).toEqual(addresses)
  }
}

/** The edge translates a guest's public address if the guest's table leads to a gateway of its VPC, and only then. */
function checkEdge(edge: readonly EdgeNetworkSpec[], guest: Instance, told: Told) {
  const isOpen = tableOf(guest, told).Routes?.some(
    (it) => it.DestinationCidrBlock && told.vpcOfGateway.get(it.GatewayId ?? '') === guest.VpcId,
  )
  const network = edge.find((it) => it.vpc === guest.VpcId)
  const pair = network?.addresses.find((it) => it.privateAddress === guest.PrivateIpAddress)
  expect(pair?.publicAddress).toBe(isOpen ? guest.PublicIpAddress : undefined)
}

/** A guest's vif has the addresses of its interface, in the block of its subnet, which its router knows. */
function checkAddresses6(router: RouterSpec, guest: Instance, { blocks6 }: Told) {
  const block = blocks6.get(guest.SubnetId!)
  expect(router.subnets.find((it) => it.id === guest.SubnetId)?.ipv6?.cidr).toBe(block)
  for (const nic of guest.NetworkInterfaces ?? []) {
    const addresses = (nic.Ipv6Addresses ?? []).map((it) => it.Ipv6Address!)
    const vif = router.vifs.find((it) => it.id === nic.NetworkInterfaceId)
    expect(vif?.ipv6?.toSorted() ?? []).toEqual(addresses.toSorted())
    expect(addresses.filter((it) => !block || !within(block, it))).toEqual([])
  }
}

/** The edge lets a subnet's block out by either gateway of its VPC, and in by the internet gateway alone. */
function checkEdge6(edge: readonly EdgeNetworkSpec[], guest: Instance, told: Told) {
  const block = told.blocks6.get(guest.SubnetId!)
  if (block === undefined) return
  const routes = tableOf(guest, told).Routes?.filter((it) => it.DestinationIpv6CidrBlock) ?? []
  const isOpen = routes.some((it) => told.vpcOfGateway.get(it.GatewayId ?? '') === guest.VpcId)
  const goesOut = routes.some((it) => told.vpcOfOutward.get(it.EgressOnlyInternetGatewayId ?? '') === guest.VpcId)
  const { open = [], outward = [] } = edge.find((it) => it.vpc === guest.VpcId)?.ipv6 ?? {}
  expect([open.includes(block), outward.includes(block)], guest.InstanceId).toEqual([isOpen, goesOut && !isOpen])
}

const strangers = ['10.9.9.9', '198.51.100.9', '2600::9', '2a00::1']

/** TCP to port 22 from those that are in no group is let in as the guest's groups say. */
function checkGroups(router: RouterSpec, guest: Instance, told: Told) {
  for (const { GroupId } of guest.SecurityGroups ?? []) {
    const group = told.groups.find((it) => it.GroupId === GroupId)
    const spec = router.groups.find((it) => it.id === GroupId)
    for (const direction of ['ingress', 'egress'] as const) {
      const permissions = (direction === 'ingress' ? group?.IpPermissions : group?.IpPermissionsEgress) ?? []
      const meant = permissions
        .filter((it) => it.IpProtocol === '-1' || (it.IpProtocol === 'tcp' && it.FromPort! <= 22 && it.ToPort! >= 22))
        .flatMap((it) => [...it.IpRanges!.map((of) => of.CidrIp!), ...it.Ipv6Ranges!.map((of) => of.CidrIpv6!)])
      const told22 = (spec?.rules ?? [])
        .filter((it) => it.direction === direction && is22(it))
        .flatMap(({ peer }) => ('cidr' in peer ? [peer.cidr] : []))
      const who = (cidrs: readonly string[]) => strangers.filter((it) => cidrs.some((cidr) => within(cidr, it)))
      expect(who(told22), `${GroupId} ${direction}`).toEqual(who(meant))
    }
  }
}

const is22 = ({ protocol, range }: Pick<AclRuleSpec, 'protocol' | 'range'>) =>
  protocol === 'all' || (protocol === 6 && (!range || (range.from <= 22 && range.to >= 22)))

/** TCP to port 22 passes the boundary of the guest's subnet if the first entry that fits lets it. */
function checkAcl(router: RouterSpec, guest: Instance, { acls, vpcs6 }: Told) {
  const acl = acls.find((it) => it.Associations?.some((of) => of.SubnetId === guest.SubnetId))
  const id = router.subnets.find((it) => it.id === guest.SubnetId)?.acl
  const spec = router.acls?.find((it) => it.id === id)
  for (const direction of ['ingress', 'egress'] as const) {
    const entries = (acl?.Entries ?? [])
      .filter((it) => it.Egress === (direction === 'egress'))
      .sort((a, b) => a.RuleNumber! - b.RuleNumber!)
      .filter((it) => it.Protocol === '-1' || (it.Protocol === '6' && it.PortRange?.From === 22))
    for (const stranger of strangers.filter((it) => !it.includes(':') || vpcs6.has(guest.VpcId!))) {
      const entry = entries.find((it) => within((it.CidrBlock ?? it.Ipv6CidrBlock)!, stranger))
      const rule = spec?.rules.find((it) => it.direction === direction && is22(it) && within(it.cidr, stranger))
      expect(spec ? rule?.action === 'allow' : true, `${acl?.NetworkAclId} ${direction} ${stranger}`).toBe(
        entry?.RuleAction === 'allow',
      )
    }
  }
}

/** Each VPC has one main table, and subnets lie within its blocks, apart from each other. */
async function checkRows(cloud: TestCloud): Promise<void> {
  const rows = await cloud.store.read(async ({ db }) => ({
    vpcs: await db.selectFrom('vpcs').selectAll().execute(),
    blocks: await db.selectFrom('vpcBlocks').selectAll().execute(),
    subnets: await db.selectFrom('subnets').selectAll().execute(),
    associations: await db.selectFrom('routeTableAssociations').selectAll().execute(),
    interfaces: await db.selectFrom('interfaces').selectAll().execute(),
    instances: await db.selectFrom('instances').selectAll().execute(),
    vpcHosts: await db.selectFrom('vpcHosts').selectAll().execute(),
    taken: await db.selectFrom('hosts').selectAll().where('domains', '>', 0).execute(),
  }))
  for (const vpc of rows.vpcs) {
    const blocks = [vpc.cidr, ...rows.blocks.filter((it) => it.vpcId === vpc.id).map((it) => it.cidr)]
    const subnets = rows.subnets.filter((it) => it.vpcId === vpc.id)
    expect(rows.associations.filter((it) => it.vpcId === vpc.id && it.subnetId === null)).toHaveLength(1)
    for (const it of subnets) {
      const first = it.cidr.split('/')[0]!
      expect(blocks.some((block) => within(block, first))).toBe(true)
      expect(subnets.filter((other) => within(other.cidr, first))).toEqual([it])
    }
  }
  for (const nic of rows.interfaces) {
    const subnet = rows.subnets.find((it) => it.id === nic.subnetId)
    expect(subnet && within(subnet.cidr, nic.privateAddress)).toBe(true)
  }
  const hostOf = new Map(rows.instances.flatMap((it) => (it.hostId === null ? [] : [[it.id, it.hostId] as const])))
  const places = rows.interfaces.flatMap((it) => {
    const host = it.instanceId && hostOf.get(it.instanceId)
    return host ? [`${it.vpcId} ${host}`] : []
  })
  // What the database counts by itself.
  expect(new Map(rows.vpcHosts.map((it) => [`${it.vpcId} ${it.hostId}`, it.interfaces]))).toEqual(counted(places))
  expect(new Map(rows.taken.map((it) => [it.id, it.domains]))).toEqual(counted([...hostOf.values()]))
}

function counted<T>(all: readonly T[]): Map<T, number> {
  return new Map([...Map.groupBy(all, (it) => it)].map(([it, some]) => [it, some.length]))
}

function longest<T>(all: readonly T[], cidrOf: (it: T) => string, address: string): T | undefined {
  const lengthOf = (it: T) => Number(cidrOf(it).split('/')[1])
  return all.filter((it) => within(cidrOf(it), address)).sort((a, b) => lengthOf(b) - lengthOf(a))[0]
}

function within(cidr: string, address: string): boolean {
  const [network = '', length = '32'] = cidr.split('/')
  if (network.includes(':') !== address.includes(':')) return false
  return bits(address).startsWith(bits(network).slice(0, Number(length)))
}

function bits(address: string): string {
  if (!address.includes(':'))
    return address.replaceAll(/\d+\.?/g, (part) => Number.parseInt(part, 10).toString(2).padStart(8, '0'))
  const [head = [], tail = []] = address.split('::').map((it) => it.split(':').filter((part) => part !== ''))
  const zeros = Array.from({ length: 8 - head.length - tail.length }, () => '0')
  return [...head, ...zeros, ...tail].map((it) => Number.parseInt(it, 16).toString(2).padStart(16, '0')).join('')
}
