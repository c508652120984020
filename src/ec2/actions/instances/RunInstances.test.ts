import {
  CreateKeyPairCommand,
  CreateSecurityGroupCommand,
  DescribeInstancesCommand,
  DescribeSubnetsCommand,
  DescribeTagsCommand,
  type EC2Client,
  paginateDescribeInstances,
  RunInstancesCommand,
  type RunInstancesCommandInput,
  TerminateInstancesCommand,
  waitUntilInstanceExists,
  waitUntilInstanceRunning,
  waitUntilInstanceTerminated,
} from '@aws-sdk/client-ec2'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Launch, launchChannel, wishAround } from '../../../control/hosts/wishes.ts'
import { refusal, TestCloud, tinyImage } from '../../testing.ts'

let cloud: TestCloud
let client: EC2Client
beforeEach(async () => {
  cloud = await TestCloud.open()
  client = cloud.client()
})
afterEach(() => cloud[Symbol.asyncDispose]())

const run = (input: Partial<RunInstancesCommandInput> = {}) =>
  client.send(new RunInstancesCommand({ ImageId: tinyImage, MinCount: 1, MaxCount: 1, ...input }))
const list = async (input = {}) =>
  ((await client.send(new DescribeInstancesCommand(input))).Reservations ?? []).flatMap((it) => it.Instances ?? [])
const subnets = async () => (await client.send(new DescribeSubnetsCommand({}))).Subnets ?? []

describe('a launch', () => {
  test('answers a pending instance with both its addresses, in the default group of the default VPC', async () => {
    const { Instances: [it] = [], OwnerId, ReservationId } = await run()
    expect(OwnerId).toBe('111122223333')
    expect(ReservationId).toMatch(/^r-[0-9a-f]{17}$/)
    expect(it).toMatchObject({
      State: { Code: 0, Name: 'pending' },
      ...{
        InstanceType: 'm1.small',
        ImageId: tinyImage,
        AmiLaunchIndex: 0,
        Tags: [],
        SecurityGroups: [{ GroupName: 'default' }],
      },
      PrivateDnsName: `ip-${it!.PrivateIpAddress!.replaceAll('.', '-')}.us-west-2.compute.internal`,
      PublicDnsName: `ec2-${it!.PublicIpAddress!.replaceAll('.', '-')}.us-west-2.compute.amazonaws.com`,
      LaunchTime: cloud.clock.now(),
    })
    expect(it!.NetworkInterfaces).toMatchObject([{ MacAddress: expect.stringMatching(/^02:/), Status: 'in-use' }])
    expect(await list()).toEqual([it])
  })

  test('of ten is one reservation in one zone, with the addresses and indices of ten', async () => {
    const { Instances = [] } = await run({ MinCount: 10, MaxCount: 10 })
    expect(new Set(Instances.map((it) => it.Placement?.AvailabilityZone)).size).toBe(1)
    expect(new Set(Instances.flatMap((it) => [it.PrivateIpAddress, it.PublicIpAddress])).size).toBe(20)
    expect(Instances.map((it) => it.AmiLaunchIndex)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  })

  test('is told to its host with what it writes, to the others of the VPC right after, and to no other', async () => {
    const launches: Launch[] = []
    using _ = cloud.store.listen(launchChannel, (it) => launches.push(JSON.parse(it)))
    const grownBy = async <T>(work: () => Promise<T>): Promise<[T, string[]]> => {
      const before = await cloud.generations()
      const done = await work()
      return [done, Object.entries(await cloud.generations()).flatMap(([id, it]) => (it > before[id]! ? [id] : []))]
    }
    const [{ Instances: [it] = [] }, own] = await grownBy(() => run({ Placement: { AvailabilityZone: 'us-west-2b' } }))
    expect(own).toEqual([expect.stringMatching(/^us-west-2b-/)])
    expect(launches).toEqual([{ vpc: it!.VpcId, hosts: own }])
    const [told, around] = await grownBy(() => cloud.store.transact((tx) => wishAround(tx, launches)))
    expect(around).toEqual(['edge'])
    expect([...told]).toEqual(['edge'])
    await run({ Placement: { AvailabilityZone: 'us-west-2a' } }) // Of two launches neither host may know of the other’s.
    const [, both] = await grownBy(() => cloud.store.transact((tx) => wishAround(tx, launches)))
    expect(both.sort()).toEqual(['edge', expect.stringMatching(/^us-west-2a-/), ...own])
    expect(it!.Placement).toMatchObject({ AvailabilityZone: 'us-west-2b', AvailabilityZoneId: 'usw2-az2' })
  })

  test('gives instances and interfaces the tags of the request, also where it has some for volumes', async () => {
    const Tags = [{ Key: 'Name', Value: 'Ünïcødé "x" <y> & 🌍' }]
    const kinds = ['instance', 'network-interface', 'volume'] as const
    const { Instances } = await run({ TagSpecifications: kinds.map((ResourceType) => ({ ResourceType, Tags })) })
    expect(Instances?.[0]?.Tags).toEqual(Tags)
    const tags = (await client.send(new DescribeTagsCommand({}))).Tags ?? []
    expect(tags.map((it) => it.ResourceType).sort()).toEqual(['instance', 'network-interface'])
  })

  test('takes key, groups, zone by id, metadata options and user data', async () => {
    await client.send(new CreateKeyPairCommand({ KeyName: 'testkey', KeyType: 'ed25519' }))
    const { GroupId } = await client.send(new CreateSecurityGroupCommand({ GroupName: 'web', Description: 'web' }))
    const { Instances: [it] = [] } = await run({
      ...{ KeyName: 'testkey', SecurityGroups: ['web'], Placement: { AvailabilityZoneId: 'usw2-az3' } },
      ...{
        MetadataOptions: { HttpTokens: 'required' as const, HttpPutResponseHopLimit: 2 },
        UserData: Buffer.from('#!/bin/sh\n').toString('base64'),
      },
    })
    expect(it).toMatchObject({
      ...{
        KeyName: 'testkey',
        Placement: { AvailabilityZone: 'us-west-2c' },
        SecurityGroups: [{ GroupId, GroupName: 'web' }],
      },
      MetadataOptions: { HttpTokens: 'required', HttpPutResponseHopLimit: 2 },
    })
  })

  test('describes its interface where the request does so', async () => {
    const [subnet] = await subnets()
    const PrivateIpAddress = subnet!.CidrBlock!.replace(/\.0\/20$/, '.77')
    const nic = {
      DeviceIndex: 0,
      SubnetId: subnet!.SubnetId!,
      AssociatePublicIpAddress: false,
      PrivateIpAddress,
      Description: 'mine',
    }
    const { Instances: [it] = [] } = await run({ NetworkInterfaces: [nic] })
    expect(it).toMatchObject({
      PrivateIpAddress,
      SubnetId: subnet!.SubnetId,
      NetworkInterfaces: [{ Description: 'mine' }],
    })
    expect(it!.PublicIpAddress).toBeUndefined()
    expect(await refusal(run({ NetworkInterfaces: [nic] }))).toBe(
      `InvalidIPAddress.InUse: Address ${PrivateIpAddress} is in use.`,
    )
  })

  test('takes what the first clients send: AddressingType, user data in lines, one group by its name', async () => {
    const UserData = Buffer.alloc(300, 'x')
      .toString('base64')
      .replace(/(.{60})/g, '$1\n')
    const old = {
      ImageId: tinyImage,
      MinCount: '1',
      MaxCount: '1',
      AddressingType: 'public',
      UserData,
      'SecurityGroup.1': 'default',
    }
    expect(await cloud.ask('RunInstances', { ...old, Version: '2009-11-30' })).toMatch(
      /^<\?xml.*\n<RunInstancesResponse xmlns="http:\/\/ec2.amazonaws.com\/doc\/2009-11-30\/">.*<groupSet\/>/,
    )
  })
})

describe('a launch is refused', () => {
  test.each<[string, Partial<RunInstancesCommandInput>, string | RegExp]>([
    [
      'of none',
      { MinCount: 0 },
      'InvalidParameterValue: Value (0) for parameter minCount is invalid. Minimum value is 1.',
    ],
    ['of at most none', { MaxCount: 0 }, /^InvalidParameterValue: Value \(0\) for parameter maxCount/],
    ['of a fraction', { MinCount: 1.5, MaxCount: 2 }, /^InvalidParameterValue: Value \(1.5\) for parameter minCount/],
    [
      'of fewer at most than at least',
      { MinCount: 2 },
      'InvalidParameterCombination: MinCount (2) must not be larger than MaxCount (1).',
    ],
    ['of a million', { MaxCount: 1e6 }, /^InvalidParameterValue: Value \(1000000\) for parameter maxCount/],
    ['of more than fit', { MinCount: 500, MaxCount: 500 }, /^InsufficientInstanceCapacity/],
    ['without an image', { ImageId: undefined }, 'MissingParameter: The request must contain the parameter ImageId'],
    ['of a malformed image', { ImageId: 'ami-x' }, 'InvalidAMIID.Malformed: Invalid id: "ami-x" (expecting "ami-...")'],
    [
      'of an unknown image',
      { ImageId: 'ami-00000000' },
      "InvalidAMIID.NotFound: The image id '[ami-00000000]' does not exist",
    ],
    [
      'of an unknown type',
      { InstanceType: 'm1.tiny' as never },
      "InvalidParameterValue: Invalid value 'm1.tiny' for InstanceType.",
    ],
    ['with an unknown key', { KeyName: 'gone' }, "InvalidKeyPair.NotFound: The key pair 'gone' does not exist"],
    [
      'with an unknown group',
      { SecurityGroupIds: ['sg-00000000'] },
      /^InvalidGroup.NotFound: The security group 'sg-00000000' does not exist/,
    ],
    ['with a malformed group', { SecurityGroupIds: ['web'] }, /^InvalidGroupId.Malformed/],
    [
      'in an unknown zone',
      { Placement: { AvailabilityZone: 'us-west-2z' } },
      'InvalidParameterValue: Invalid availability zone: [us-west-2z]',
    ],
    ['in an unknown zone id', { Placement: { AvailabilityZoneId: 'usw2-az9' } }, /^InvalidParameterValue/],
    [
      'in an unknown subnet',
      { SubnetId: 'subnet-00000000' },
      "InvalidSubnetID.NotFound: The subnet ID 'subnet-00000000' does not exist",
    ],
    [
      'with too much user data',
      { UserData: Buffer.alloc(16_385).toString('base64') },
      'InvalidParameterValue: User data is limited to 16384 bytes',
    ],
    ['with user data that is none', { UserData: '%%%' }, 'InvalidParameterValue: Invalid BASE64 encoding of user data'],
    [
      'with an address outside',
      { PrivateIpAddress: '10.0.0.7' },
      /^InvalidParameterValue: Address 10.0.0.7 does not fall/,
    ],
    ['with an address of the router', { PrivateIpAddress: '172.31.0.1' }, /^InvalidParameterValue: .*reserved/],
    ['with an address that is none', { PrivateIpAddress: '172.31.1.300' }, /^InvalidParameterValue/],
    ['of two with one address', { PrivateIpAddress: '172.31.0.9', MaxCount: 2 }, /^InvalidParameterCombination/],
    ['with a fraction of a hop', { MetadataOptions: { HttpPutResponseHopLimit: 1.5 } }, /^InvalidParameterValue/],
    ['with a profile', { IamInstanceProfile: { Name: 'x' } }, /^UnsupportedOperation/],
    ['with unlimited credit', { CreditSpecification: { CpuCredits: 'unlimited' } }, /^UnsupportedOperation/],
    ['to stop by itself', { InstanceInitiatedShutdownBehavior: 'stop' }, /^UnsupportedOperation/],
    ['with tags for nothing', { TagSpecifications: [{ Tags: [{ Key: 'a', Value: 'b' }] }] }, /^MissingParameter/],
    ['with tags for a VPC', { TagSpecifications: [{ ResourceType: 'vpc', Tags: [] }] }, /^InvalidParameterValue/],
    [
      'with tags of AWS',
      { TagSpecifications: [{ ResourceType: 'instance', Tags: [{ Key: 'aws:x', Value: '' }] }] },
      /^InvalidParameterValue/,
    ],
    [
      'with tags that a guest cannot read',
      {
        ...{ MetadataOptions: { InstanceMetadataTags: 'enabled' as const } },
        TagSpecifications: [{ ResourceType: 'instance', Tags: [{ Key: 'a/b', Value: '' }] }],
      },
      /^InvalidParameterValue: 'a\/b' is not a valid tag key/,
    ],
    ['as a dry run', { DryRun: true }, 'DryRunOperation: Request would have succeeded, but DryRun flag is set.'],
  ])('%s, and leaves nothing behind', async (_, input, told) => {
    const before = await cloud.generations()
    expect(await refusal(run(input))).toEqual(typeof told === 'string' ? told : expect.stringMatching(told))
    expect(await list()).toEqual([])
    expect(await cloud.generations()).toEqual(before)
    expect((await client.send(new DescribeTagsCommand({}))).Tags).toEqual([])
  })

  test('into more than five groups', async () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f']
    for (const GroupName of names) await client.send(new CreateSecurityGroupCommand({ GroupName, Description: 'x' }))
    expect(await refusal(run({ SecurityGroups: names }))).toMatch(/^SecurityGroupsPerInterfaceLimitExceeded/)
  })

  test('once the cloud is full, with no host having more guests than its memory holds', async () => {
    const { Instances = [] } = await run({ MaxCount: 1000 })
    const rows = await cloud.store.read((reader) => reader.db.selectFrom('instances').selectAll().execute())
    const claims = Map.groupBy(rows, (row) => row.hostId)
    for (const same of claims.values()) expect(same.length * (same[0]!.memoryMib + 48)).toBeLessThanOrEqual(2048)
    expect(claims.size).toBe(2)
    expect(Instances).toHaveLength(rows.length)
    const zone = Instances[0]!.Placement!.AvailabilityZone!
    expect(await refusal(run({ Placement: { AvailabilityZone: zone } }))).toBe(
      `InsufficientInstanceCapacity: We currently do not have sufficient m1.small capacity in the Availability Zone you requested (${zone}).`,
    )
  })
})

describe('a client token', () => {
  test('gives the answer again, and starts nothing', async () => {
    const first = await run({ ClientToken: 'once' })
    const again = await run({ ClientToken: 'once' })
    expect({ ...again, $metadata: 0 }).toEqual({ ...first, $metadata: 0 })
    expect(await list()).toHaveLength(1)
  })

  test('belongs to its parameters', async () => {
    await run({ ClientToken: 'once' })
    expect(await refusal(run({ ClientToken: 'once', MaxCount: 2 }))).toMatch(/^IdempotentParameterMismatch/)
  })

  test('of instances that have all ended is refused', async () => {
    const { Instances: [it] = [] } = await run({ ClientToken: 'once' })
    await cloud.end(it!.InstanceId!)
    expect(await refusal(run({ ClientToken: 'once' }))).toMatch(/^IdempotentInstanceTerminated/)
  })

  test('of a dry run, or of a refused launch, is not spent', async () => {
    expect(await refusal(run({ ClientToken: 'once', DryRun: true }))).toMatch(/^DryRunOperation/)
    expect(await refusal(run({ ClientToken: 'once', KeyName: 'gone' }))).toMatch(/^InvalidKeyPair.NotFound/)
    expect((await run({ ClientToken: 'once' })).Instances).toHaveLength(1)
  })

  test('may be empty, as some clients send it, and has 64 characters at most', async () => {
    const empty = { ImageId: tinyImage, MinCount: '1', MaxCount: '1', ClientToken: '' }
    await cloud.ask('RunInstances', empty)
    await cloud.ask('RunInstances', empty)
    expect(await list()).toHaveLength(2)
    expect(await refusal(run({ ClientToken: 'x'.repeat(65) }))).toMatch(/^InvalidParameterValue/)
  })
})

describe('described', () => {
  test('instances are waited for by the official waiters', async () => {
    const { Instances: [it] = [] } = await run()
    const InstanceIds = [it!.InstanceId!]
    const options = { client, maxWaitTime: 10, minDelay: 1, maxDelay: 1 }
    await waitUntilInstanceExists(options, { InstanceIds })
    await cloud.run(InstanceIds[0]!)
    await waitUntilInstanceRunning(options, { InstanceIds })
    await client.send(new TerminateInstancesCommand({ InstanceIds }))
    await cloud.end(InstanceIds[0]!)
    await waitUntilInstanceTerminated(options, { InstanceIds })
    expect((await list())[0]).toMatchObject({
      State: { Name: 'terminated' },
      StateReason: { Code: 'Client.UserInitiatedShutdown' },
      PrivateDnsName: '',
    })
  })

  test('instances come in pages, each once, in whatever order their ids are asked for', async () => {
    const ids = ((await run({ MaxCount: 12 })).Instances ?? []).map((it) => it.InstanceId!).sort()
    const found: (string | undefined)[] = []
    for await (const page of paginateDescribeInstances({ client, pageSize: 5 }, { InstanceIds: ids.toReversed() })) {
      found.push(...(page.Reservations ?? []).flatMap((it) => it.Instances ?? []).map((it) => it.InstanceId))
    }
    expect(found.toSorted()).toEqual(ids)
  })

  test.each([
    ['instance-state-name', 'pending'],
    ['instance-type', 'm1.*'],
    ['group-name', 'default'],
    ['tag:Name', 'w?b'],
    ['tag-key', 'Name'],
    ['network-interface.mac-address', '02:*'],
    ['dns-name', 'ec2-*'],
    ['vpc-id', 'vpc-*'],
  ])('instances are filtered by %s', async (Name, value) => {
    await run({ TagSpecifications: [{ ResourceType: 'instance', Tags: [{ Key: 'Name', Value: 'web' }] }] })
    expect(await list({ Filters: [{ Name, Values: ['other', value] }] })).toHaveLength(1)
    expect(await list({ Filters: [{ Name, Values: ['other'] }] })).toEqual([])
  })

  test('instances are all shown to clients of Eucalyptus that ask for `verbose`', async () => {
    await run()
    expect(await list({ InstanceIds: ['verbose'] })).toHaveLength(1)
  })

  test('a filter that EC2 does not know is refused', async () => {
    expect(await refusal(list({ Filters: [{ Name: 'colour', Values: ['red'] }] }))).toBe(
      "InvalidParameterValue: The filter 'colour' is invalid",
    )
  })

  test('a page without size, or of another operation, is refused', async () => {
    expect(await refusal(list({ MaxResults: 0 }))).toMatch(/^InvalidParameterValue/)
    expect(await refusal(list({ MaxResults: 4 }))).toBe(
      'InvalidParameterValue: Value ( 4 ) for parameter maxResults is invalid. Expecting a value greater than 5.',
    )
    expect(await list({ MaxResults: 5 })).toEqual([])
    expect(await refusal(list({ NextToken: 'abc' }))).toMatch(/^InvalidNextToken/)
  })
})
