import {
  AllocateAddressCommand,
  CreateNatGatewayCommand,
  CreateRouteCommand,
  CreateRouteTableCommand,
  DeleteNatGatewayCommand,
  DeleteNetworkInterfaceCommand,
  DeleteSubnetCommand,
  DescribeNatGatewaysCommand,
  DescribeNetworkInterfacesCommand,
  DescribeRouteTablesCommand,
  DescribeSubnetsCommand,
  DisassociateAddressCommand,
  type EC2Client,
} from '@aws-sdk/client-ec2'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { refusal, TestCloud } from '../../testing.ts'

let cloud: TestCloud
let client: EC2Client
beforeEach(async () => {
  cloud = await TestCloud.open()
  client = cloud.client()
})
afterEach(() => cloud[Symbol.asyncDispose]())

const allocate = async () => client.send(new AllocateAddressCommand({}))
const subnet = async () => (await client.send(new DescribeSubnetsCommand({}))).Subnets![0]!
const create = async (input: object) =>
  (await client.send(new CreateNatGatewayCommand({ SubnetId: (await subnet()).SubnetId, ...input }))).NatGateway!
const list = async (input = {}) => (await client.send(new DescribeNatGatewaysCommand(input))).NatGateways ?? []

test('one has an interface in its subnet, to which its elastic address leads for as long as it lives', async () => {
  const { AllocationId, PublicIp } = await allocate()
  const nat = await create({ AllocationId })
  const [address] = nat.NatGatewayAddresses!
  expect(nat).toMatchObject({ State: 'pending', ConnectivityType: 'public', VpcId: (await subnet()).VpcId })
  expect(address).toMatchObject({ AllocationId, PublicIp, IsPrimary: true })
  expect(await list({ Filter: [{ Name: 'state', Values: ['pending'] }] })).toHaveLength(1)
  expect(await list({ Filter: [{ Name: 'state', Values: ['failed'] }] })).toHaveLength(0)
  expect(await refusal(client.send(new DisassociateAddressCommand({ PublicIp })))).toMatch(/^OperationNotPermitted/)
  const { NetworkInterfaceId } = address!
  const filter = [{ Name: 'interface-type', Values: ['nat_gateway'] }]
  const { NetworkInterfaces } = await client.send(new DescribeNetworkInterfacesCommand({ Filters: filter }))
  expect(NetworkInterfaces).toMatchObject([{ NetworkInterfaceId, Status: 'in-use', RequesterManaged: true }])
  expect(await refusal(client.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId })))).toMatch(
    /is currently in use/,
  )
  expect(await refusal(client.send(new DeleteSubnetCommand({ SubnetId: nat.SubnetId })))).toMatch(
    /^DependencyViolation/,
  )
  expect(await refusal(create({ AllocationId }))).toMatch(/^(OperationNotPermitted|Resource.AlreadyAssociated)/)
})

test('a route leads to it until it is deleted', async () => {
  const { AllocationId } = await allocate()
  const { NatGatewayId, VpcId } = await create({ AllocationId })
  const { RouteTable: { RouteTableId } = {} } = await client.send(new CreateRouteTableCommand({ VpcId }))
  await client.send(new CreateRouteCommand({ RouteTableId, DestinationCidrBlock: '0.0.0.0/0', NatGatewayId }))
  const route = async () => {
    const { RouteTables = [] } = await client.send(new DescribeRouteTablesCommand({ RouteTableIds: [RouteTableId!] }))
    return RouteTables[0]?.Routes?.[1]
  }
  expect(await route()).toMatchObject({ NatGatewayId, State: 'active' })
  await client.send(new DeleteNatGatewayCommand({ NatGatewayId }))
  expect(await route()).toMatchObject({ NatGatewayId, State: 'blackhole' })
  expect(await list()).toMatchObject([{ State: 'deleting' }])
  await client.send(new DeleteNatGatewayCommand({ NatGatewayId }))
})

test('what it cannot be is refused', async () => {
  expect(await refusal(create({}))).toMatch(/^MissingParameter/)
  expect(await refusal(create({ AllocationId: 'eipalloc-11111111' }))).toMatch(/^InvalidAllocationID.NotFound/)
  expect(await refusal(create({ ConnectivityType: 'private' }))).toMatch(/^UnsupportedOperation/)
  expect(await refusal(list({ NatGatewayIds: ['nat-11111111'] }))).toBe(
    'NatGatewayNotFound: The Nat Gateway nat-11111111 was not found',
  )
})
