import type { EC2 } from '@aws-sdk/client-ec2'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { keptSpecs } from '../../../control/hosts/kept-scene.ts'
import { bob, refusal, TestCloud, testCloud, tinyImage } from '../../testing.ts'

let cloud: TestCloud
let ec2: EC2
beforeEach(async () => {
  cloud = await TestCloud.open()
  ec2 = cloud.client()
})
afterEach(() => cloud[Symbol.asyncDispose]())

const ServiceName = 'com.amazonaws.us-west-2.s3'

async function makeVpc() {
  const { VpcId } = (await ec2.createVpc({ CidrBlock: '10.0.0.0/16' })).Vpc!
  const { SubnetId } = (await ec2.createSubnet({ VpcId, CidrBlock: '10.0.0.0/24' })).Subnet!
  const { RouteTables } = await ec2.describeRouteTables({ Filters: [{ Name: 'vpc-id', Values: [VpcId!] }] })
  return { VpcId: VpcId!, SubnetId: SubnetId!, RouteTableId: RouteTables![0]!.RouteTableId! }
}

const endpoint = async (VpcId: string, RouteTableIds: string[] = []) =>
  (await ec2.createVpcEndpoint({ VpcId, ServiceName, RouteTableIds })).VpcEndpoint!
const routes = async (id: string) =>
  (await ec2.describeRouteTables({ RouteTableIds: [id] })).RouteTables![0]!.Routes!.slice(1)
const listId = async () => (await ec2.describePrefixLists({})).PrefixLists![0]!.PrefixListId!

test('the object store is a service, and a prefix list that is nobody’s to change', async () => {
  const { ServiceNames, ServiceDetails } = await ec2.describeVpcEndpointServices({})
  expect(ServiceNames).toEqual([ServiceName])
  expect(ServiceDetails).toMatchObject([{ ServiceType: [{ ServiceType: 'Gateway' }], Owner: 'amazon' }])
  const [list] = (await ec2.describePrefixLists({})).PrefixLists!
  expect(list).toMatchObject({ PrefixListName: ServiceName, Cidrs: ['192.0.2.129/32'] })
  const [managed] = (await ec2.describeManagedPrefixLists({ PrefixListIds: [list!.PrefixListId!] })).PrefixLists!
  expect(managed).toMatchObject({ OwnerId: 'AWS', State: 'create-complete', AddressFamily: 'IPv4' })
  expect(managed!.PrefixListArn).toBe(`arn:aws:ec2:us-west-2:aws:prefix-list/${list!.PrefixListId}`)
  const change = { PrefixListId: list!.PrefixListId!, AddEntries: [{ Cidr: '10.0.0.0/8' }], CurrentVersion: 1 }
  expect(await refusal(ec2.modifyManagedPrefixList(change))).toContain('OperationNotPermitted')
  expect(await refusal(ec2.deleteManagedPrefixList(change))).toContain('OperationNotPermitted')
  expect(await refusal(ec2.describeVpcEndpointServices({ ServiceNames: ['x'] }))).toContain('InvalidServiceName')
})

test('an endpoint’s routes come and go with it, and by no other way', async () => {
  const { VpcId, RouteTableId } = await makeVpc()
  const made = await endpoint(VpcId, [RouteTableId])
  const VpcEndpointId = made.VpcEndpointId!
  expect(made).toMatchObject({ VpcEndpointType: 'Gateway', State: 'available', RouteTableIds: [RouteTableId] })
  expect(JSON.parse(made.PolicyDocument!)).toMatchObject({ Statement: [{ Effect: 'Allow', Principal: '*' }] })
  const DestinationPrefixListId = await listId()
  const route = { DestinationPrefixListId, GatewayId: VpcEndpointId, Origin: 'CreateRoute', State: 'active' }
  expect(await routes(RouteTableId)).toEqual([route])
  expect(await refusal(ec2.deleteRoute({ RouteTableId, DestinationPrefixListId }))).toContain('InvalidParameterValue')
  expect(await refusal(endpoint(VpcId, [RouteTableId]))).toContain('RouteAlreadyExists')
  expect(await refusal(ec2.deleteVpc({ VpcId }))).toContain('DependencyViolation')

  await ec2.modifyVpcEndpoint({ VpcEndpointId, RemoveRouteTableIds: [RouteTableId] })
  expect(await routes(RouteTableId)).toEqual([])
  expect(await refusal(ec2.modifyVpcEndpoint({ VpcEndpointId, RemoveRouteTableIds: [RouteTableId] }))).toContain(
    'InvalidParameter',
  )
  await ec2.modifyVpcEndpoint({ VpcEndpointId, AddRouteTableIds: [RouteTableId] })
  const { VpcEndpoints } = await ec2.describeVpcEndpoints({ Filters: [{ Name: 'vpc-id', Values: [VpcId] }] })
  expect(VpcEndpoints).toMatchObject([{ VpcEndpointId, RouteTableIds: [RouteTableId], ServiceName }])

  const { Unsuccessful } = await ec2.deleteVpcEndpoints({ VpcEndpointIds: [VpcEndpointId, 'vpce-00000000'] })
  expect(Unsuccessful).toMatchObject([
    { ResourceId: 'vpce-00000000', Error: { Code: 'InvalidVpcEndpointId.NotFound' } },
  ])
  expect(await routes(RouteTableId)).toEqual([])
})

test('what is not served, or not the caller’s, is refused', async () => {
  const [one, other] = [await makeVpc(), await makeVpc()]
  const make = (more: object) => refusal(ec2.createVpcEndpoint({ VpcId: one.VpcId, ServiceName, ...more }))
  expect(await make({ VpcEndpointType: 'Interface' })).toContain('UnsupportedOperation')
  expect(await make({ ServiceName: 'com.amazonaws.us-west-2.dynamodb' })).toContain('InvalidServiceName')
  expect(await make({ RouteTableIds: [other.RouteTableId] })).toContain('belong to different networks')
  expect(await make({ PolicyDocument: '{' })).toContain('InvalidParameter')
  const statement = { Effect: 'Allow', Principal: '*', Action: 's3:GetObject', Resource: '*' }
  expect(await make({ PolicyDocument: JSON.stringify({ Statement: [statement] }) })).toContain('UnsupportedOperation')
  const id = (await endpoint(one.VpcId)).VpcEndpointId!
  expect(await refusal(cloud.client(bob).describeVpcEndpoints({ VpcEndpointIds: [id] }))).toContain(
    'InvalidVpcEndpointId.NotFound',
  )
})

test('a security group may name the store’s prefix list', async () => {
  const { GroupId } = await ec2.createSecurityGroup({ GroupName: 'store', Description: 'store' })
  const rule = { IpProtocol: 'tcp', FromPort: 80, ToPort: 80, PrefixListIds: [{ PrefixListId: await listId() }] }
  await ec2.authorizeSecurityGroupEgress({ GroupId, IpPermissions: [rule] })
  const { PrefixListAssociations } = await ec2.getManagedPrefixListAssociations({ PrefixListId: await listId() })
  expect(PrefixListAssociations).toMatchObject([{ ResourceId: GroupId }])
})

test('a route may be for a prefix list, which stays as long as it is', async () => {
  const { VpcId, RouteTableId } = await makeVpc()
  const { InternetGatewayId } = (await ec2.createInternetGateway({})).InternetGateway!
  await ec2.attachInternetGateway({ VpcId, InternetGatewayId })
  const list = { PrefixListName: 'away', AddressFamily: 'IPv4', Entries: [{ Cidr: '203.0.113.0/24' }] }
  const { PrefixListId } = (await ec2.createManagedPrefixList({ ...list, MaxEntries: 40 })).PrefixList!
  const to = { RouteTableId, DestinationPrefixListId: PrefixListId }
  await ec2.createRoute({ ...to, GatewayId: InternetGatewayId })
  expect(await routes(RouteTableId)).toMatchObject([{ DestinationPrefixListId: PrefixListId, State: 'active' }])
  expect(await refusal(ec2.deleteManagedPrefixList({ PrefixListId }))).toContain('DependencyViolation')
  expect(await refusal(ec2.modifyManagedPrefixList({ PrefixListId, MaxEntries: 51 }))).toContain('RouteLimitExceeded')
  await ec2.deleteRoute(to)
  expect(await refusal(ec2.deleteRoute(to))).toContain('InvalidRoute.NotFound')
  await ec2.deleteManagedPrefixList({ PrefixListId })
})

test('hosts hear who has a way to the store, and where networks of a list lead', async () => {
  const { VpcId, SubnetId, RouteTableId } = await makeVpc()
  const launch = { ImageId: tinyImage, MinCount: 1, MaxCount: 1, SubnetId }
  const { InstanceId, NetworkInterfaces } = (await ec2.runInstances(launch)).Instances![0]!
  const eni = NetworkInterfaces![0]!.NetworkInterfaceId
  const { hostId } = await cloud.run(InstanceId!)
  const specs = keptSpecs(cloud.store, testCloud)
  const router = async () => {
    const [spec] = await cloud.store.read((reader) => specs(reader, [hostId!]))
    return spec!.routers.find((it) => it.vpc === VpcId)!
  }
  expect((await router()).objects).toBeUndefined()
  expect((await router()).dns!.domains).toEqual({
    's3.us-west-2.amazonaws.com': '192.0.2.129',
    's3.amazonaws.com': '192.0.2.129',
  })
  const { VpcEndpointId } = await endpoint(VpcId, [RouteTableId])
  expect(await router()).toMatchObject({ objects: { address: '192.0.2.129', vifs: [eni] }, tables: [{ ways: [] }] })
  await ec2.deleteVpcEndpoints({ VpcEndpointIds: [VpcEndpointId!] })
  expect((await router()).objects).toBeUndefined()

  const { InternetGatewayId } = (await ec2.createInternetGateway({})).InternetGateway!
  await ec2.attachInternetGateway({ VpcId, InternetGatewayId })
  const list = { PrefixListName: 'away', AddressFamily: 'IPv4', Entries: [{ Cidr: '192.0.2.0/24' }] }
  const { PrefixListId } = (await ec2.createManagedPrefixList({ ...list, MaxEntries: 2 })).PrefixList!
  await ec2.createRoute({ RouteTableId, DestinationPrefixListId: PrefixListId!, GatewayId: InternetGatewayId })
  const toEdge = (to: string) => ({ to, via: '10.0.0.1' })
  expect((await router()).tables[0]!.ways).toEqual([toEdge('192.0.2.0/24')])
  expect((await router()).objects).toBeUndefined() // It has no public address.
  const AddEntries = [{ Cidr: '203.0.113.0/24' }]
  await ec2.modifyManagedPrefixList({ PrefixListId: PrefixListId!, CurrentVersion: 1, AddEntries })
  expect((await router()).tables[0]!.ways).toEqual([toEdge('192.0.2.0/24'), toEdge('203.0.113.0/24')])
  const { AllocationId } = await ec2.allocateAddress({})
  await ec2.associateAddress({ AllocationId: AllocationId!, InstanceId: InstanceId! })
  expect((await router()).objects).toEqual({ address: '192.0.2.129', vifs: [eni] })
})
