import {
  AssociateVpcCidrBlockCommand,
  CreateDefaultSubnetCommand,
  CreateDefaultVpcCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  DeleteSubnetCommand,
  DeleteVpcCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  DescribeVpcAttributeCommand,
  DescribeVpcsCommand,
  DisassociateVpcCidrBlockCommand,
  type EC2Client,
  ModifySubnetAttributeCommand,
  ModifyVpcAttributeCommand,
  RunInstancesCommand,
} from '@aws-sdk/client-ec2'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { bob, refusal, TestCloud, tinyImage } from '../../testing.ts'

let cloud: TestCloud
let client: EC2Client
beforeEach(async () => {
  cloud = await TestCloud.open()
  client = cloud.client()
})
afterEach(() => cloud[Symbol.asyncDispose]())

const makeVpc = async (CidrBlock = '10.0.0.0/16', more = {}) =>
  (await client.send(new CreateVpcCommand({ CidrBlock, ...more }))).Vpc!
const makeSubnet = async (VpcId: string, CidrBlock = '10.0.1.0/24', more = {}) =>
  (await client.send(new CreateSubnetCommand({ VpcId, CidrBlock, ...more }))).Subnet!
const vpcs = async (input = {}) => (await client.send(new DescribeVpcsCommand(input))).Vpcs ?? []
const subnets = async (input = {}) => (await client.send(new DescribeSubnetsCommand(input))).Subnets ?? []
const run = async (SubnetId: string, more = {}) =>
  (await client.send(new RunInstancesCommand({ ImageId: tinyImage, MinCount: 1, MaxCount: 1, SubnetId, ...more })))
    .Instances![0]!

describe('VPCs', () => {
  test('a new one has a default group, its tags and its own block, which may be another VPC’s too', async () => {
    const TagSpecifications = [{ ResourceType: 'vpc' as const, Tags: [{ Key: 'Name', Value: 'lab' }] }]
    const { VpcId = '', ...vpc } = await makeVpc('172.31.5.9/16', { TagSpecifications })
    expect(vpc).toMatchObject({ CidrBlock: '172.31.0.0/16', IsDefault: false, State: 'available' })
    expect(vpc.Tags).toEqual([{ Key: 'Name', Value: 'lab' }])
    expect(vpc.DhcpOptionsId).toMatch(/^dopt-/)
    const groups = await client.send(
      new DescribeSecurityGroupsCommand({ Filters: [{ Name: 'vpc-id', Values: [VpcId] }] }),
    )
    expect(groups.SecurityGroups?.map((it) => it.GroupName)).toEqual(['default'])
    expect(await vpcs({ Filters: [{ Name: 'tag:Name', Values: ['lab'] }] })).toMatchObject([{ VpcId }])
    expect(await cloud.client(bob).send(new DescribeVpcsCommand({}))).toMatchObject({ Vpcs: [{ IsDefault: true }] })
  })

  test.each(['10.0.0.0/15', '10.0.0.0/29', '127.0.0.0/16', '169.254.0.0/16', '224.0.0.0/16', '0.1.0.0/16'])(
    'the block %s is refused',
    async (cidr) => {
      expect(await refusal(makeVpc(cidr))).toBe(`InvalidVpc.Range: The CIDR '${cidr}' is invalid.`)
    },
  )

  test.each(['10.0.0.0', '10.0.0/16', '10.0.0.0/33', '10.0.0.256/16', 'fd00::/56', '10.0.0.0/16/1', '10.0.0.0/016'])(
    '%s is no block',
    async (cidr) => {
      expect(await refusal(makeVpc(cidr))).toMatch(/^InvalidParameterValue/)
    },
  )

  test('an account has five, and others as many of their own', async () => {
    for (const it of [1, 2, 3, 4]) await makeVpc(`10.${it}.0.0/16`)
    expect(await refusal(makeVpc('10.9.0.0/16'))).toBe('VpcLimitExceeded: The maximum number of VPCs has been reached.')
    await cloud.client(bob).send(new CreateVpcCommand({ CidrBlock: '10.9.0.0/16' }))
  })

  test('one goes when it is empty, and takes what came with it along', async () => {
    const { VpcId = '' } = await makeVpc()
    const { SubnetId = '' } = await makeSubnet(VpcId)
    expect(await refusal(client.send(new DeleteVpcCommand({ VpcId })))).toBe(
      `DependencyViolation: The vpc '${VpcId}' has dependencies and cannot be deleted.`,
    )
    await client.send(new DeleteSubnetCommand({ SubnetId }))
    await client.send(new DeleteVpcCommand({ VpcId }))
    expect(await refusal(vpcs({ VpcIds: [VpcId] }))).toMatch(/^InvalidVpcID.NotFound/)
    const left = await cloud.store.read(({ db }) =>
      Promise.all([
        db
          .selectFrom('securityGroups')
          .select('id')
          .where('vpcId', '=', VpcId as never)
          .execute(),
        db
          .selectFrom('routeTables')
          .select('id')
          .where('vpcId', '=', VpcId as never)
          .execute(),
      ]),
    )
    expect(left).toEqual([[], []])
  })

  test('blocks are added and taken away, not the first and not one in use', async () => {
    const { VpcId = '', CidrBlockAssociationSet = [] } = await makeVpc()
    const add = (CidrBlock: string) => client.send(new AssociateVpcCidrBlockCommand({ VpcId, CidrBlock }))
    const take = (AssociationId?: string) => client.send(new DisassociateVpcCidrBlockCommand({ AssociationId }))
    expect(await refusal(add('10.0.128.0/20'))).toMatch(/^InvalidVpc.Conflict/)
    const { CidrBlockAssociation: added } = await add('10.1.0.0/16')
    expect((await vpcs({ VpcIds: [VpcId] }))[0]?.CidrBlockAssociationSet).toHaveLength(2)
    const { SubnetId = '' } = await makeSubnet(VpcId, '10.1.9.0/24')
    expect(await refusal(take(added?.AssociationId))).toMatch(/^InvalidCidrBlock.InUse/)
    expect(await refusal(take(CidrBlockAssociationSet[0]?.AssociationId))).toMatch(/^OperationNotPermitted/)
    await client.send(new DeleteSubnetCommand({ SubnetId }))
    await take(added?.AssociationId)
    expect(await refusal(take(added?.AssociationId))).toMatch(/^InvalidVpcCidrBlockAssociationID.NotFound/)
    for (const it of [2, 3, 4, 5]) await add(`10.${it}.0.0/16`)
    expect(await refusal(add('10.6.0.0/16'))).toMatch(/^CidrLimitExceeded/)
  })

  test('attributes of DNS are kept', async () => {
    const { VpcId = '' } = await makeVpc()
    const read = async (Attribute: 'enableDnsSupport' | 'enableDnsHostnames') =>
      client.send(new DescribeVpcAttributeCommand({ VpcId, Attribute }))
    expect(await read('enableDnsSupport')).toMatchObject({ EnableDnsSupport: { Value: true } })
    expect(await read('enableDnsHostnames')).toMatchObject({ EnableDnsHostnames: { Value: false } })
    await client.send(new ModifyVpcAttributeCommand({ VpcId, EnableDnsHostnames: { Value: true } }))
    await client.send(new ModifyVpcAttributeCommand({ VpcId, EnableDnsSupport: { Value: false } }))
    expect(await read('enableDnsSupport')).toMatchObject({ EnableDnsSupport: { Value: false } })
    expect(await read('enableDnsHostnames')).toMatchObject({ EnableDnsHostnames: { Value: true } })
    expect(await refusal(client.send(new ModifyVpcAttributeCommand({ VpcId })))).toMatch(/^InvalidParameterCombination/)
  })
})

describe('the default VPC', () => {
  test('goes like any other, and comes back on request', async () => {
    const [vpc] = await vpcs()
    expect(await refusal(client.send(new CreateDefaultVpcCommand({})))).toMatch(/^DefaultVpcAlreadyExists/)
    for (const { SubnetId } of await subnets()) await client.send(new DeleteSubnetCommand({ SubnetId }))
    await detachAll(vpc!.VpcId!)
    await client.send(new DeleteVpcCommand({ VpcId: vpc!.VpcId }))
    expect(await refusal(client.send(new CreateDefaultSubnetCommand({ AvailabilityZone: 'us-west-2a' })))).toMatch(
      /^DefaultVpcDoesNotExist/,
    )
    await client.send(new CreateDefaultVpcCommand({}))
    expect(await subnets()).toMatchObject([1, 2, 3].map(() => ({ DefaultForAz: true, MapPublicIpOnLaunch: true })))
  })

  test('has a subnet of a zone again', async () => {
    const create = () => client.send(new CreateDefaultSubnetCommand({ AvailabilityZone: 'us-west-2b' }))
    expect(await refusal(create())).toMatch(/already exists as the default subnet in us-west-2b\.$/)
    const [old] = await subnets({ Filters: [{ Name: 'availability-zone', Values: ['us-west-2b'] }] })
    await client.send(new DeleteSubnetCommand({ SubnetId: old!.SubnetId }))
    expect((await create()).Subnet).toMatchObject({ CidrBlock: old!.CidrBlock, DefaultForAz: true })
  })

  async function detachAll(vpc: string): Promise<void> {
    await cloud.store.transact(async (tx) => {
      await tx.db
        .updateTable('internetGateways')
        .set({ vpcId: null })
        .where('vpcId', '=', vpc as never)
        .execute()
    })
  }
})

describe('subnets', () => {
  test('one has its block, its zone, and EC2’s five addresses fewer', async () => {
    const { VpcId = '' } = await makeVpc()
    const subnet = await makeSubnet(VpcId, '10.0.1.7/24', { AvailabilityZone: 'us-west-2c' })
    expect(subnet).toMatchObject({
      ...{ CidrBlock: '10.0.1.0/24', AvailabilityZone: 'us-west-2c', AvailableIpAddressCount: 251 },
      ...{ MapPublicIpOnLaunch: false, DefaultForAz: false },
    })
  })

  test.each([
    ['10.0.0.0/24', /^InvalidSubnet.Conflict: The CIDR '10.0.0.0\/24' conflicts with another subnet$/],
    ['10.0.0.128/25', /^InvalidSubnet.Conflict/],
    ['10.1.0.0/24', /^InvalidSubnet.Range: The CIDR '10.1.0.0\/24' is invalid\.$/],
    ['10.0.8.0/29', /^InvalidSubnet.Range/],
    ['10.0.0.0/15', /^InvalidSubnet.Range/],
  ])('%s is refused beside 10.0.0.0/24 in 10.0.0.0/16', async (cidr, told) => {
    const { VpcId = '' } = await makeVpc()
    await makeSubnet(VpcId, '10.0.0.0/24')
    expect(await refusal(makeSubnet(VpcId, cidr))).toMatch(told)
  })

  test('a guest is launched into any, and it stays as long as the guest', async () => {
    const { VpcId = '' } = await makeVpc()
    const { SubnetId = '' } = await makeSubnet(VpcId)
    const guest = await run(SubnetId)
    expect(guest).toMatchObject({ VpcId, SubnetId, SecurityGroups: [{ GroupName: 'default' }] })
    expect(guest.PrivateIpAddress).toMatch(/^10\.0\.1\./)
    expect(guest.PublicIpAddress).toBeUndefined()
    expect(await refusal(client.send(new DeleteSubnetCommand({ SubnetId })))).toMatch(/^DependencyViolation/)
    await cloud.end(guest.InstanceId!)
    await client.send(new DeleteSubnetCommand({ SubnetId }))
  })

  test('guests get public addresses where the subnet is told so', async () => {
    const { VpcId = '' } = await makeVpc()
    const { SubnetId = '' } = await makeSubnet(VpcId)
    await client.send(new ModifySubnetAttributeCommand({ SubnetId, MapPublicIpOnLaunch: { Value: true } }))
    const { InstanceId } = await run(SubnetId)
    const rows = await cloud.store.read(({ db }) => db.selectFrom('addresses').selectAll().execute())
    expect(rows).toHaveLength(1)
    expect(InstanceId).toBeDefined()
    expect(await refusal(client.send(new ModifySubnetAttributeCommand({ SubnetId })))).toMatch(
      /^InvalidParameterCombination/,
    )
  })
})
