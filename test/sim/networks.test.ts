import type { EC2, Instance, RouteTable } from '@aws-sdk/client-ec2'
import { expect, test } from 'vitest'
import { type Random, seededRandom } from '../../src/base/random.ts'
import { type SpecSource, specsFrom } from '../../src/control/hosts/host-spec.ts'
import { keptSpecs } from '../../src/control/hosts/kept-scene.ts'
import { alice, bob, TestCloud, testCloud, tinyImage } from '../../src/ec2/testing.ts'
import { changeOf, withChange } from '../../src/host-api/change.ts'
import type { EdgeNetworkSpec, HostSpec, RouterSpec } from '../../src/host-api/spec.ts'

/**
 * Many calls about networks, chosen by chance, also senseless ones. Whatever comes of them: only callers' mistakes are refused,
 * rows fit together, and what hosts shall be is what a reader of the public answers would say.
 */
test.each(['one', 'two', 'three'])(
  '500 calls leave hosts as the answers say (%s)',
  async (seed) => {
    await using cloud = await TestCloud.open()
    const caller = new Caller(cloud, seededRandom(seed))
    const hosts = new Followers(cloud)
    for (let count = 1; count <= 500; count++) {
      await caller.callOne()
      if (count % 5 === 0) await hosts.follow()
      if (count % 50 === 0) await check(cloud, caller)
      if (count % 50 === 0) expect(byHost(await hosts.follow())).toEqual(byHost(await specsOf(cloud)))
    }
    expect(caller.served).toBeGreaterThan(150)
  },
  120_000,
)

/** Makes calls of two accounts, with ids that it has seen: of things that are there, were there, or are somebody else's. */
class Caller {
  readonly clients: readonly [EC2, EC2]
  readonly #cloud: TestCloud
  readonly #random: Random
  readonly #ids = [new Map<string, string[]>(), new Map<string, string[]>()] as const
  #who = 0
  served = 0

  constructor(cloud: TestCloud, random: Random) {
    this.#cloud = cloud
    this.#random = random
    this.clients = [cloud.client(alice), cloud.client(bob)]
  }

  async callOne(): Promise<void> {
    const call = this.#pick(Object.values(this.#calls))
    this.#who = this.#pick([0, 1])
    try {
      await call(this.clients[this.#who]!)
      this.served++
    } catch (error) {
      expect(error, 'a fault of ours').toHaveProperty('$metadata.httpStatusCode')
      expect((error as Error).name).not.toBe('InternalError')
    }
  }

  #pick<T>(some: readonly T[]): T {
    return some[this.#random.bytes(4).readUInt32BE() % some.length]!
  }

  #seen(kind: string, id: string | undefined): void {
    const ids = this.#ids[this.#who]!
    if (id) ids.set(kind, [...(ids.get(kind) ?? []).filter((it) => it !== id), id])
  }

  /** Mostly the caller's own, and rather one of the last that were made. */
  #some(kind: string): string {
    const whose = this.#pick([0, 0, 0, 0, 0, 0, 0, 1]) ? 1 - this.#who : this.#who
    const ids = this.#ids[whose]!.get(kind) ?? []
    return this.#pick(ids.length > 0 ? (this.#pick([0, 1, 1, 1]) ? ids.slice(-3) : ids) : [`${kind}-11111111`])
  }

  #cidr(): string {
    return this.#pick([
      '10.0.0.0/16',
      '10.1.0.0/16',
      '10.2.0.0/16',
      '10.0.0.0/24',
      '10.0.1.0/24',
      '10.1.0.0/24',
      '10.2.9.0/28',
    ])
  }

  #destination(): string {
    return this.#pick(['0.0.0.0/0', '10.0.0.0/8', '10.1.0.0/16', '10.2.0.0/16', '198.51.100.0/24', '192.0.2.0/25'])
  }

  #target(): object {
    return this.#pick([
      { GatewayId: this.#some('igw') },
      { NatGatewayId: this.#some('nat') },
      { VpcPeeringConnectionId: this.#some('pcx') },
      { NetworkInterfaceId: this.#some('eni') },
    ])
  }

  readonly #calls: Readonly<Record<string, (ec2: EC2) => Promise<void>>> = {
    createVpc: async (ec2) => this.#seen('vpc', (await ec2.createVpc({ CidrBlock: this.#cidr() })).Vpc?.VpcId),
    deleteVpc: async (ec2) => void (await ec2.deleteVpc({ VpcId: this.#some('vpc') })),
    addBlock: async (ec2) => {
      const input = { VpcId: this.#some('vpc'), CidrBlock: this.#pick(['10.5.0.0/16', '10.6.0.0/20', '10.0.0.0/20']) }
      this.#seen('vpc-cidr-assoc', (await ec2.associateVpcCidrBlock(input)).CidrBlockAssociation?.AssociationId)
    },
    takeBlock: async (ec2) =>
      void (await ec2.disassociateVpcCidrBlock({ AssociationId: this.#some('vpc-cidr-assoc') })),
    createSubnet: async (ec2) => {
      const AvailabilityZone = this.#pick(['us-west-2a', 'us-west-2b'])
      const input = { VpcId: this.#some('vpc'), CidrBlock: this.#cidr(), AvailabilityZone }
      this.#seen('subnet', (await ec2.createSubnet(input)).Subnet?.SubnetId)
    },
    createAnother: async (ec2) => this.#calls['createSubnet']!(ec2),
    deleteSubnet: async (ec2) => void (await ec2.deleteSubnet({ SubnetId: this.#some('subnet') })),
    mapPublic: async (ec2) =>
      void (await ec2.modifySubnetAttribute({ SubnetId: this.#some('subnet'), MapPublicIpOnLaunch: { Value: true } })),
    createTable: async (ec2) => {
      const { RouteTable: table } = await ec2.createRouteTable({ VpcId: this.#some('vpc') })
      this.#seen('rtb', table?.RouteTableId)
    },
    look: async (ec2) => {
      for (const it of (await ec2.describeVpcs({})).Vpcs ?? []) this.#seen('vpc', it.VpcId)
      for (const it of (await ec2.describeSubnets({})).Subnets ?? []) this.#seen('subnet', it.SubnetId)
      for (const it of (await ec2.describeInternetGateways({})).InternetGateways ?? [])
        this.#seen('igw', it.InternetGatewayId)
      for (const it of (await ec2.describeRouteTables({})).RouteTables ?? []) {
        this.#seen('rtb', it.RouteTableId)
        for (const { RouteTableAssociationId: id } of it.Associations ?? []) this.#seen('rtbassoc', id)
      }
    },
    lookAgain: async (ec2) => this.#calls['look']!(ec2),
    deleteTable: async (ec2) => void (await ec2.deleteRouteTable({ RouteTableId: this.#some('rtb') })),
    associateTable: async (ec2) => {
      const input = { RouteTableId: this.#some('rtb'), SubnetId: this.#some('subnet') }
      this.#seen('rtbassoc', (await ec2.associateRouteTable(input)).AssociationId)
    },
    replaceAssociation: async (ec2) => {
      const input = { AssociationId: this.#some('rtbassoc'), RouteTableId: this.#some('rtb') }
      this.#seen('rtbassoc', (await ec2.replaceRouteTableAssociation(input)).NewAssociationId)
    },
    disassociateTable: async (ec2) =>
      void (await ec2.disassociateRouteTable({ AssociationId: this.#some('rtbassoc') })),
    createRoute: async (ec2) => {
      const input = { RouteTableId: this.#some('rtb'), DestinationCidrBlock: this.#destination() }
      await ec2.createRoute({ ...input, ...this.#target() })
    },
    createAnotherRoute: async (ec2) => this.#calls['createRoute']!(ec2),
    replaceRoute: async (ec2) => {
      const input = { RouteTableId: this.#some('rtb'), DestinationCidrBlock: this.#destination() }
      await ec2.replaceRoute({ ...input, ...this.#target() })
    },
    deleteRoute: async (ec2) => {
      await ec2.deleteRoute({ RouteTableId: this.#some('rtb'), DestinationCidrBlock: this.#destination() })
    },
    createGateway: async (ec2) =>
      this.#seen('igw', (await ec2.createInternetGateway({})).InternetGateway?.InternetGatewayId),
    attachGateway: async (ec2) => {
      await ec2.attachInternetGateway({ InternetGatewayId: this.#some('igw'), VpcId: this.#some('vpc') })
    },
    detachGateway: async (ec2) => {
      await ec2.detachInternetGateway({ InternetGatewayId: this.#some('igw'), VpcId: this.#some('vpc') })
    },
    deleteGateway: async (ec2) => void (await ec2.deleteInternetGateway({ InternetGatewayId: this.#some('igw') })),
    allocate: async (ec2) => this.#seen('eipalloc', (await ec2.allocateAddress({})).AllocationId),
    associate: async (ec2) => {
      await ec2.associateAddress({ AllocationId: this.#some('eipalloc'), NetworkInterfaceId: this.#some('eni') })
    },
    release: async (ec2) => void (await ec2.releaseAddress({ AllocationId: this.#some('eipalloc') })),
    createNat: async (ec2) => {
      const input = { SubnetId: this.#some('subnet'), AllocationId: this.#some('eipalloc') }
      this.#seen('nat', (await ec2.createNatGateway(input)).NatGateway?.NatGatewayId)
    },
    deleteNat: async (ec2) => void (await ec2.deleteNatGateway({ NatGatewayId: this.#some('nat') })),
    peer: async (ec2) => {
      const input = { VpcId: this.#some('vpc'), PeerVpcId: this.#some('vpc'), PeerOwnerId: this.#pick([alice, bob]) }
      this.#seen('pcx', (await ec2.createVpcPeeringConnection(input)).VpcPeeringConnection?.VpcPeeringConnectionId)
    },
    accept: async (ec2) => void (await ec2.acceptVpcPeeringConnection({ VpcPeeringConnectionId: this.#some('pcx') })),
    endPeering: async (ec2) =>
      void (await ec2.deleteVpcPeeringConnection({ VpcPeeringConnectionId: this.#some('pcx') })),
    createGroup: async (ec2) => {
      const input = { GroupName: `g${this.served}`, Description: 'chance', VpcId: this.#some('vpc') }
      this.#seen('sg', (await ec2.createSecurityGroup(input)).GroupId)
    },
    allow: async (ec2) => {
      const source = this.#pick([
        { IpRanges: [{ CidrIp: '10.0.0.0/8' }] },
        { UserIdGroupPairs: [{ GroupId: this.#some('sg') }] },
      ])
      const IpPermissions = [{ IpProtocol: 'tcp', FromPort: 22, ToPort: 22, ...source }]
      await ec2.authorizeSecurityGroupIngress({ GroupId: this.#some('sg'), IpPermissions })
    },
    deleteGroup: async (ec2) => void (await ec2.deleteSecurityGroup({ GroupId: this.#some('sg') })),
    createInterface: async (ec2) => {
      const { NetworkInterface: nic } = await ec2.createNetworkInterface({ SubnetId: this.#some('subnet') })
      this.#seen('eni', nic?.NetworkInterfaceId)
    },
    deleteInterface: async (ec2) => void (await ec2.deleteNetworkInterface({ NetworkInterfaceId: this.#some('eni') })),
    launch: async (ec2) => {
      const launch = { ImageId: tinyImage, InstanceType: 't2.nano' as const, MinCount: 1, MaxCount: 1 }
      const { Instances = [] } = await ec2.runInstances({ ...launch, SubnetId: this.#some('subnet') })
      for (const it of Instances) {
        await this.#cloud.run(it.InstanceId!)
        this.#seen('i', it.InstanceId)
        this.#seen('eni', it.NetworkInterfaces?.[0]?.NetworkInterfaceId)
      }
    },
    launchAnother: async (ec2) => this.#calls['launch']!(ec2),
    end: async (ec2) => {
      const id = this.#some('i')
      await ec2.terminateInstances({ InstanceIds: [id] })
      await this.#cloud.end(id)
    },
  }
}

/** What one account is told of its networks. */
interface Told {
  readonly instances: readonly Instance[]
  readonly tables: readonly RouteTable[]
  readonly vpcOfGateway: ReadonlyMap<string, string>
  readonly vpcOfNat: ReadonlyMap<string, string>
  readonly peerings: ReadonlyMap<string, readonly string[]>
}

async function ask(ec2: EC2): Promise<Told> {
  const { Reservations = [] } = await ec2.describeInstances({})
  const { InternetGateways = [] } = await ec2.describeInternetGateways({})
  const { NatGateways = [] } = await ec2.describeNatGateways({})
  const { VpcPeeringConnections = [] } = await ec2.describeVpcPeeringConnections({})
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
  }
}

async function check(cloud: TestCloud, { clients }: Caller): Promise<void> {
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
    }
  }
  const known = new Set(everyone.map((it) => it.PrivateIpAddress))
  expect(specs.flatMap((it) => it.routers.flatMap((one) => one.vifs)).filter((it) => !known.has(it.address))).toEqual(
    [],
  )
}

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

/** A guest's host knows the way to each other guest of its VPC that is elsewhere, and to no other address. */
function checkGuestRoutes(
  router: RouterSpec,
  guest: Instance,
  everyone: readonly Instance[],
  hosts: Map<string, Host>,
) {
  const here = hosts.get(guest.InstanceId!)!.id
  const elsewhere = everyone
    .filter((it) => it.VpcId === guest.VpcId && hosts.get(it.InstanceId!)!.id !== here)
    .map((it) => `${it.PrivateIpAddress}/32 ${hosts.get(it.InstanceId!)!.address}`)
  expect(router.routes.map((it) => `${it.to} ${it.via}`).sort()).toEqual(elsewhere.sort())
}

const probes = ['198.51.100.9', '192.0.2.9', '192.0.2.200', '10.1.0.9', '10.2.0.9', '10.200.0.1', '8.8.8.8']
const edgeAddress = '10.0.0.1'

/** Packets to anywhere outside of the VPC go where the guest's table says, by longest prefix. */
function checkWays(router: RouterSpec, guest: Instance, told: Told, hosts: Map<string, Host>) {
  const table = tableOf(guest, told)
  const spec = router.tables.find((it) => it.sources.some((cidr) => within(cidr, guest.PrivateIpAddress!)))
  for (const probe of probes.filter((it) => !router.cidrs.some((cidr) => within(cidr, it)))) {
    const way = longest(spec?.ways ?? [], (it) => it.to, probe)
    const route = longest(table.Routes ?? [], (it) => it.DestinationCidrBlock!, probe)
    expect(way && { ...way, to: '' }, `${guest.InstanceId} to ${probe}`).toEqual(
      route && { to: '', ...wayOfRoute(route, guest, told, hosts) },
    )
  }
}

type Route = NonNullable<RouteTable['Routes']>[number]

function wayOfRoute(route: Route, guest: Instance, told: Told, hosts: Map<string, Host>) {
  const nowhere = { nowhere: true }
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
    const addresses = members.map((it) => it.PrivateIpAddress!).sort()
    expect(router.groups.find((it) => it.id === GroupId)?.members.toSorted()).toEqual(addresses)
  }
}

/** The edge translates a guest's public address if the guest's table leads to a gateway of its VPC, and only then. */
function checkEdge(edge: readonly EdgeNetworkSpec[], guest: Instance, told: Told) {
  const isOpen = tableOf(guest, told).Routes?.some((it) => told.vpcOfGateway.get(it.GatewayId ?? '') === guest.VpcId)
  const network = edge.find((it) => it.vpc === guest.VpcId)
  const pair = network?.addresses.find((it) => it.privateAddress === guest.PrivateIpAddress)
  expect(pair?.publicAddress).toBe(isOpen ? guest.PublicIpAddress : undefined)
}

/** Each VPC has one main table, and subnets lie within its blocks, apart from each other. */
async function checkRows(cloud: TestCloud): Promise<void> {
  const rows = await cloud.store.read(async ({ db }) => ({
    vpcs: await db.selectFrom('vpcs').selectAll().execute(),
    blocks: await db.selectFrom('vpcBlocks').selectAll().execute(),
    subnets: await db.selectFrom('subnets').selectAll().execute(),
    associations: await db.selectFrom('routeTableAssociations').selectAll().execute(),
    interfaces: await db.selectFrom('interfaces').selectAll().execute(),
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
}

function longest<T>(all: readonly T[], cidrOf: (it: T) => string, address: string): T | undefined {
  const lengthOf = (it: T) => Number(cidrOf(it).split('/')[1])
  return all.filter((it) => within(cidrOf(it), address)).sort((a, b) => lengthOf(b) - lengthOf(a))[0]
}

function within(cidr: string, address: string): boolean {
  const [network = '', length = '32'] = cidr.split('/')
  const bits = (it: string) =>
    it
      .split('.')
      .map((part) => Number(part).toString(2).padStart(8, '0'))
      .join('')
  return bits(address).startsWith(bits(network).slice(0, Number(length)))
}
