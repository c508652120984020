import {
  AcceptVpcPeeringConnectionCommand,
  AssociateDhcpOptionsCommand,
  AssociateRouteTableCommand,
  AssociateVpcCidrBlockCommand,
  AttachInternetGatewayCommand,
  CreateDhcpOptionsCommand,
  CreateInternetGatewayCommand,
  CreateRouteCommand,
  CreateRouteTableCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  CreateVpcPeeringConnectionCommand,
  DeleteDhcpOptionsCommand,
  DeleteInternetGatewayCommand,
  DeleteRouteCommand,
  DeleteRouteTableCommand,
  DeleteVpcPeeringConnectionCommand,
  DescribeDhcpOptionsCommand,
  DescribeInternetGatewaysCommand,
  DescribeRouteTablesCommand,
  DescribeVpcPeeringConnectionsCommand,
  DescribeVpcsCommand,
  DetachInternetGatewayCommand,
  DisassociateRouteTableCommand,
  type EC2Client,
  RejectVpcPeeringConnectionCommand,
  ReplaceRouteCommand,
  ReplaceRouteTableAssociationCommand,
  RunInstancesCommand,
} from '@aws-sdk/client-ec2'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { specsFrom } from '../../../control/hosts/host-spec.ts'
import { alice, bob, refusal, TestCloud, testCloud, tinyImage } from '../../testing.ts'

let cloud: TestCloud
let client: EC2Client
beforeEach(async () => {
  cloud = await TestCloud.open()
  client = cloud.client()
})
afterEach(() => cloud[Symbol.asyncDispose]())

const makeVpc = async (CidrBlock = '10.0.0.0/16', of = client) =>
  (await of.send(new CreateVpcCommand({ CidrBlock }))).Vpc!.VpcId!
const makeSubnet = async (VpcId: string, CidrBlock = '10.0.1.0/24', of = client) =>
  (await of.send(new CreateSubnetCommand({ VpcId, CidrBlock }))).Subnet!.SubnetId!
const makeTable = async (VpcId: string) =>
  (await client.send(new CreateRouteTableCommand({ VpcId }))).RouteTable!.RouteTableId!
const makeGateway = async (VpcId?: string) => {
  const { InternetGateway: { InternetGatewayId } = {} } = await client.send(new CreateInternetGatewayCommand({}))
  if (VpcId) await client.send(new AttachInternetGatewayCommand({ InternetGatewayId, VpcId }))
  return InternetGatewayId!
}
const tables = async (vpc: string, of = client) =>
  (await of.send(new DescribeRouteTablesCommand({ Filters: [{ Name: 'vpc-id', Values: [vpc] }] }))).RouteTables ?? []
const table = async (id: string) =>
  (await client.send(new DescribeRouteTablesCommand({ RouteTableIds: [id] }))).RouteTables![0]!
const route = (RouteTableId: string, DestinationCidrBlock: string, more: object) =>
  client.send(new CreateRouteCommand({ RouteTableId, DestinationCidrBlock, ...more }))
const run = async (SubnetId: string, of = client) =>
  (await of.send(new RunInstancesCommand({ ImageId: tinyImage, MinCount: 1, MaxCount: 1, SubnetId }))).Instances![0]!

/** What hosts and edge shall be. */
const specs = () =>
  cloud.store.read(async (reader) => {
    const hosts = await reader.db.selectFrom('hosts').select('id').execute()
    return specsFrom(testCloud)(
      reader,
      hosts.map((it) => it.id),
    )
  })
const routersOf = (all: Awaited<ReturnType<typeof specs>>, vpc: string) =>
  all.flatMap((it) => it.routers.filter((router) => router.vpc === vpc).map((router) => ({ host: it.host, router })))

describe('route tables', () => {
  test('the default VPC’s main table leads to its gateway', async () => {
    const [vpc] = (await client.send(new DescribeVpcsCommand({}))).Vpcs!
    const [gateway] = (await client.send(new DescribeInternetGatewaysCommand({}))).InternetGateways!
    expect(gateway?.Attachments).toEqual([{ VpcId: vpc?.VpcId, State: 'available' }])
    expect(await tables(vpc!.VpcId!)).toMatchObject([
      {
        Associations: [{ Main: true, AssociationState: { State: 'associated' } }],
        Routes: [
          { DestinationCidrBlock: '172.31.0.0/16', GatewayId: 'local', Origin: 'CreateRouteTable', State: 'active' },
          { DestinationCidrBlock: '0.0.0.0/0', GatewayId: gateway?.InternetGatewayId, State: 'active' },
        ],
      },
    ])
  })

  test('a subnet has the main table, or one that it is given, until it is taken away', async () => {
    const vpc = await makeVpc()
    const [subnet, id] = [await makeSubnet(vpc), await makeTable(vpc)]
    const associate = (RouteTableId: string) =>
      client.send(new AssociateRouteTableCommand({ RouteTableId, SubnetId: subnet }))
    const { AssociationId } = await associate(id)
    expect((await associate(id)).AssociationId).toBe(AssociationId)
    expect((await table(id)).Associations).toMatchObject([{ Main: false, SubnetId: subnet }])
    const other = await makeTable(vpc)
    expect(await refusal(associate(other))).toMatch(/^Resource.AlreadyAssociated: the specified association/)
    expect(await refusal(client.send(new DeleteRouteTableCommand({ RouteTableId: id })))).toBe(
      `DependencyViolation: The routeTable '${id}' has dependencies and cannot be deleted.`,
    )
    const { NewAssociationId } = await client.send(
      new ReplaceRouteTableAssociationCommand({ AssociationId, RouteTableId: other }),
    )
    expect(await refusal(client.send(new DisassociateRouteTableCommand({ AssociationId })))).toMatch(
      /^InvalidAssociationID.NotFound/,
    )
    await client.send(new DisassociateRouteTableCommand({ AssociationId: NewAssociationId }))
    await client.send(new DeleteRouteTableCommand({ RouteTableId: id }))
  })

  test('another table becomes the main one, and the main association stays one', async () => {
    const vpc = await makeVpc()
    const [main] = await tables(vpc)
    const id = await makeTable(vpc)
    const AssociationId = main!.Associations![0]!.RouteTableAssociationId!
    expect(await refusal(client.send(new DisassociateRouteTableCommand({ AssociationId })))).toMatch(
      /^InvalidParameterValue: cannot disassociate the main route table association/,
    )
    await client.send(new ReplaceRouteTableAssociationCommand({ AssociationId, RouteTableId: id }))
    expect((await table(id)).Associations).toMatchObject([{ Main: true }])
    await client.send(new DeleteRouteTableCommand({ RouteTableId: main!.RouteTableId }))
  })

  test('routes are made, led elsewhere and taken away', async () => {
    const vpc = await makeVpc()
    const [id, gateway, subnet] = [await makeTable(vpc), await makeGateway(vpc), await makeSubnet(vpc)]
    await route(id, '198.51.100.7/24', { GatewayId: gateway })
    expect((await table(id)).Routes).toMatchObject([{}, { DestinationCidrBlock: '198.51.100.0/24', State: 'active' }])
    expect(await refusal(route(id, '198.51.100.0/24', { GatewayId: gateway }))).toBe(
      'RouteAlreadyExists: The route identified by 198.51.100.0/24 already exists.',
    )
    const { InstanceId } = await run(subnet)
    const replace = (DestinationCidrBlock: string) =>
      client.send(new ReplaceRouteCommand({ RouteTableId: id, DestinationCidrBlock, InstanceId }))
    await replace('198.51.100.0/24')
    expect((await table(id)).Routes).toMatchObject([{}, { InstanceId, InstanceOwnerId: alice, State: 'active' }])
    expect(await refusal(replace('192.0.2.0/24'))).toMatch(/There is no route defined for '192.0.2.0\/24'/)
    const remove = (DestinationCidrBlock: string) =>
      client.send(new DeleteRouteCommand({ RouteTableId: id, DestinationCidrBlock }))
    await remove('198.51.100.0/24')
    expect(await refusal(remove('198.51.100.0/24'))).toBe(
      `InvalidRoute.NotFound: no route with destination-cidr-block 198.51.100.0/24 in route table ${id}`,
    )
    expect(await refusal(remove('10.0.0.0/16'))).toMatch(/^InvalidParameterValue: cannot remove local route/)
  })

  test('what cannot be the target of a route is refused', async () => {
    const [vpc, other] = [await makeVpc(), await makeVpc('10.1.0.0/16')]
    const id = await makeTable(vpc)
    const to = (more: object) => refusal(route(id, '0.0.0.0/0', more))
    expect(await to({})).toMatch(/^MissingParameter/)
    expect(await to({ GatewayId: 'igw-11111111' })).toBe(
      "InvalidGatewayID.NotFound: The gateway ID 'igw-11111111' does not exist",
    )
    const elsewhere = await makeGateway(other)
    expect(await to({ GatewayId: elsewhere })).toBe(
      `InvalidParameterValue: route table ${id} and network gateway ${elsewhere} belong to different networks`,
    )
    expect(await to({ GatewayId: elsewhere, NatGatewayId: 'nat-11111111' })).toMatch(/^InvalidParameterCombination/)
    expect(await to({ NatGatewayId: 'nat-11111111' })).toMatch(/^InvalidNatGatewayID.NotFound/)
    expect(await to({ VpcPeeringConnectionId: 'pcx-11111111' })).toMatch(/^InvalidVpcPeeringConnectionID.NotFound/)
    expect(await to({ TransitGatewayId: 'tgw-11111111' })).toMatch(/^UnsupportedOperation/)
    expect(await refusal(route(id, '10.0.0.0/16', { GatewayId: elsewhere }))).toMatch(/^(RouteAlready|InvalidParam)/)
    expect(await refusal(route('rtb-11111111', '0.0.0.0/0', {}))).toMatch(/^InvalidRouteTableID.NotFound/)
  })
})

describe('internet gateways', () => {
  test('one for each VPC, and gone only when it is free', async () => {
    const vpc = await makeVpc()
    const id = await makeGateway(vpc)
    const attach = (InternetGatewayId: string) =>
      refusal(client.send(new AttachInternetGatewayCommand({ InternetGatewayId, VpcId: vpc })))
    expect(await attach(id)).toBe(`Resource.AlreadyAssociated: resource ${id} is already attached to network ${vpc}`)
    const other = await makeGateway()
    expect(await attach(other)).toBe(`InvalidParameterValue: Network ${vpc} already has an internet gateway attached`)
    const remove = () => client.send(new DeleteInternetGatewayCommand({ InternetGatewayId: id }))
    expect(await refusal(remove())).toMatch(/^DependencyViolation/)
    const detach = () => client.send(new DetachInternetGatewayCommand({ InternetGatewayId: id, VpcId: vpc }))
    await detach()
    expect(await refusal(detach())).toBe(`Gateway.NotAttached: resource ${id} is not attached to network ${vpc}`)
    await remove()
  })

  test('one stays as long as a guest has a public address', async () => {
    const [vpc] = (await client.send(new DescribeVpcsCommand({}))).Vpcs!
    const [gateway] = (await client.send(new DescribeInternetGatewaysCommand({}))).InternetGateways!
    await client.send(new RunInstancesCommand({ ImageId: tinyImage, MinCount: 1, MaxCount: 1 }))
    const { InternetGatewayId } = gateway!
    expect(
      await refusal(client.send(new DetachInternetGatewayCommand({ InternetGatewayId, VpcId: vpc?.VpcId }))),
    ).toMatch(/^DependencyViolation: Network vpc-\w+ has some mapped public address/)
  })

  test('without it a route is a blackhole, on hosts too, and the edge knows nothing of the VPC', async () => {
    const vpc = await makeVpc()
    const [subnet, gateway] = [await makeSubnet(vpc), await makeGateway(vpc)]
    const [main] = await tables(vpc)
    await route(main!.RouteTableId!, '0.0.0.0/0', { GatewayId: gateway })
    await client.send(
      new RunInstancesCommand({
        ...{ ImageId: tinyImage, MinCount: 1, MaxCount: 1 },
        NetworkInterfaces: [{ DeviceIndex: 0, SubnetId: subnet, AssociatePublicIpAddress: true }],
      }),
    )
    const edge = async () => (await specs()).flatMap((it) => it.edge?.networks ?? [])
    expect(await edge()).toMatchObject([{ vpc, addresses: [{}], tables: [{ ways: [{ by: 'own-address' }] }] }])
    const [before] = routersOf(await specs(), vpc)
    expect(before?.router.tables).toMatchObject([
      { sources: ['10.0.1.0/24'], ways: [{ to: '0.0.0.0/0', via: '10.0.0.1' }] },
    ])
    await cloud.store.transact(async (tx) => {
      await tx.db
        .updateTable('internetGateways')
        .set({ vpcId: null })
        .where('vpcId', '=', vpc as never)
        .execute()
    })
    expect((await tables(vpc))[0]?.Routes).toMatchObject([{}, { State: 'blackhole' }])
    expect(await edge()).toEqual([])
    const [after] = routersOf(await specs(), vpc)
    expect(after?.router.tables[0]?.ways).toEqual([{ to: '0.0.0.0/0', nowhere: true }])
  })
})

describe('peerings', () => {
  const ask = async (VpcId: string, PeerVpcId: string, more = {}) =>
    (await client.send(new CreateVpcPeeringConnectionCommand({ VpcId, PeerVpcId, ...more }))).VpcPeeringConnection!
  const accept = (VpcPeeringConnectionId?: string, of = client) =>
    of.send(new AcceptVpcPeeringConnectionCommand({ VpcPeeringConnectionId }))

  test('another account accepts, and hosts of both have a wire where a route leads over it', async () => {
    const other = cloud.client(bob)
    const [mine, theirs] = [await makeVpc(), await makeVpc('10.1.0.0/16', other)]
    const [a, b] = [await makeSubnet(mine), await makeSubnet(theirs, '10.1.1.0/24', other)]
    await run(a)
    await run(b, other)
    const { VpcPeeringConnectionId, Status } = await ask(mine, theirs, { PeerOwnerId: bob })
    expect(Status).toEqual({ Code: 'pending-acceptance', Message: `Pending Acceptance by ${bob}` })
    expect(await refusal(accept(VpcPeeringConnectionId))).toMatch(/^OperationNotPermitted/)
    const [main] = await tables(mine)
    await route(main!.RouteTableId!, '10.1.0.0/16', { VpcPeeringConnectionId })
    expect((await tables(mine))[0]?.Routes?.[1]).toMatchObject({ State: 'blackhole' })
    const accepted = await accept(VpcPeeringConnectionId, other)
    expect(accepted.VpcPeeringConnection).toMatchObject({
      ...{ Status: { Code: 'active' }, AccepterVpcInfo: { CidrBlock: '10.1.0.0/16', OwnerId: bob } },
    })
    expect((await tables(mine))[0]?.Routes?.[1]).toMatchObject({ State: 'active', VpcPeeringConnectionId })
    const block = new AssociateVpcCidrBlockCommand({ VpcId: mine, CidrBlock: '10.1.128.0/20' })
    expect(await refusal(client.send(block))).toMatch(/^InvalidVpc.Conflict/)
    const all = await specs()
    const wired = routersOf(all, theirs).filter((it) => it.router.wires.length > 0)
    expect(wired.map((it) => it.host)).toEqual(routersOf(all, mine).map((it) => it.host))
    expect(wired[0]?.router.wires).toEqual([{ id: VpcPeeringConnectionId, to: mine, sources: ['10.0.0.0/16'] }])
    await other.send(new DeleteVpcPeeringConnectionCommand({ VpcPeeringConnectionId }))
    expect((await tables(mine))[0]?.Routes?.[1]).toMatchObject({ State: 'blackhole' })
    expect((await specs()).flatMap((it) => it.routers.flatMap((router) => router.wires))).toEqual([])
  })

  test('those that cannot be have failed, and are forgotten after two hours', async () => {
    const vpc = await makeVpc()
    const failed = [await ask(vpc, await makeVpc('10.0.128.0/17')), await ask(vpc, vpc), await ask(vpc, 'vpc-11111111')]
    expect(failed.map((it) => it.Status?.Code)).toEqual(['failed', 'failed', 'failed'])
    const list = async () => (await client.send(new DescribeVpcPeeringConnectionsCommand({}))).VpcPeeringConnections
    expect(await list()).toHaveLength(3)
    await cloud.clock.advance(2 * 3_600_000)
    expect(await list()).toEqual([])
  })

  test('one is asked for once, expires after a week, and can be rejected once', async () => {
    const [one, two] = [await makeVpc(), await makeVpc('10.1.0.0/16')]
    const { VpcPeeringConnectionId } = await ask(one, two)
    expect(await refusal(ask(one, two))).toMatch(/^VpcPeeringConnectionAlreadyExists/)
    await cloud.clock.advance(7 * 24 * 3_600_000)
    expect(await refusal(accept(VpcPeeringConnectionId))).toMatch(/^InvalidStateTransition/)
    const next = await ask(one, two)
    const reject = () =>
      client.send(new RejectVpcPeeringConnectionCommand({ VpcPeeringConnectionId: next.VpcPeeringConnectionId }))
    await reject()
    expect(await refusal(reject())).toMatch(/^InvalidStateTransition/)
    expect(await refusal(accept(next.VpcPeeringConnectionId))).toMatch(/^InvalidStateTransition/)
  })
})

describe('DHCP options', () => {
  test('a VPC has those of the region, others, or none', async () => {
    const vpc = await makeVpc()
    await run(await makeSubnet(vpc))
    const dhcp = async () => routersOf(await specs(), vpc)[0]?.router.subnets[0]
    expect(await dhcp()).toMatchObject({ dns: ['10.0.0.2'], domainName: 'us-west-2.compute.internal' })
    const configurations = { 'domain-name': 'lab.example', 'ntp-servers': '10.0.0.5,10.0.0.6' }
    const DhcpConfigurations = Object.entries(configurations).map(([Key, value]) => ({ Key, Values: [value] }))
    const { DhcpOptions: { DhcpOptionsId } = {} } = await client.send(
      new CreateDhcpOptionsCommand({ DhcpConfigurations }),
    )
    const choose = (id?: string) => client.send(new AssociateDhcpOptionsCommand({ VpcId: vpc, DhcpOptionsId: id }))
    await choose(DhcpOptionsId)
    expect(await dhcp()).toMatchObject({
      ...{ dns: [], domainName: 'lab.example', options: { 'ntp-server': ['10.0.0.5', '10.0.0.6'] } },
    })
    expect(await refusal(client.send(new DeleteDhcpOptionsCommand({ DhcpOptionsId })))).toMatch(/^DependencyViolation/)
    await choose('default')
    expect(await dhcp()).toMatchObject({ dns: [], domainName: '' })
    await client.send(new DeleteDhcpOptionsCommand({ DhcpOptionsId }))
    expect((await client.send(new DescribeDhcpOptionsCommand({}))).DhcpOptions).toHaveLength(1)
  })

  test.each([
    [[], /^MissingParameter/],
    [[{ Key: 'colour', Values: ['red'] }], /^InvalidParameterValue/],
    [[{ Key: 'ntp-servers', Values: ['here'] }], /^InvalidParameterValue/],
    [[{ Key: 'domain-name', Values: ['a b'] }], /^InvalidParameterValue/],
    [[{ Key: 'domain-name-servers', Values: ['1.1.1.1', '2.2.2.2', '3.3.3.3', '4.4.4.4', '5.5.5.5'] }], /^Invalid/],
    [[{ Key: 'netbios-node-type', Values: ['3'] }], /^InvalidParameterValue/],
  ])('%j is refused', async (DhcpConfigurations, told) => {
    expect(await refusal(client.send(new CreateDhcpOptionsCommand({ DhcpConfigurations })))).toMatch(told)
  })
})
