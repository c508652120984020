import * as ec2 from '@aws-sdk/client-ec2'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { specsFrom } from '../../../control/hosts/host-spec.ts'
import { alice, bob, refusal, TestCloud, testCloud, tinyImage } from '../../testing.ts'

let cloud: TestCloud
let client: ec2.EC2Client
let zone: string
let subnet: string
beforeEach(async () => {
  cloud = await TestCloud.open()
  client = cloud.client()
  const { Subnets } = await client.send(new ec2.DescribeSubnetsCommand({}))
  const first = Subnets!.find((it) => it.AvailabilityZone === 'us-west-2a')!
  zone = first.AvailabilityZone!
  subnet = first.SubnetId!
})
afterEach(() => cloud[Symbol.asyncDispose]())

const create = async (input: Partial<ec2.CreateNetworkInterfaceRequest> = {}, as = client) =>
  (await as.send(new ec2.CreateNetworkInterfaceCommand({ SubnetId: subnet, ...input }))).NetworkInterface!
const nics = async (input: ec2.DescribeNetworkInterfacesRequest = {}) =>
  (await client.send(new ec2.DescribeNetworkInterfacesCommand(input))).NetworkInterfaces!
const nic = async (id: string) => (await nics({ NetworkInterfaceIds: [id] }))[0]!
const instance = async (id: string) =>
  (await client.send(new ec2.DescribeInstancesCommand({ InstanceIds: [id] }))).Reservations![0]!.Instances![0]!
const attach = async (NetworkInterfaceId: string, InstanceId: string, DeviceIndex = 1) =>
  (await client.send(new ec2.AttachNetworkInterfaceCommand({ NetworkInterfaceId, InstanceId, DeviceIndex })))
    .AttachmentId!
const detach = (AttachmentId: string, Force = false) =>
  client.send(new ec2.DetachNetworkInterfaceCommand({ AttachmentId, Force }))
const modify = (input: ec2.ModifyNetworkInterfaceAttributeRequest) =>
  client.send(new ec2.ModifyNetworkInterfaceAttributeCommand(input))
const remove = (NetworkInterfaceId: string, as = client) =>
  as.send(new ec2.DeleteNetworkInterfaceCommand({ NetworkInterfaceId }))
const start = async (input: Partial<ec2.RunInstancesRequest> = {}) => {
  const command = new ec2.RunInstancesCommand({ ImageId: tinyImage, MinCount: 1, MaxCount: 1, ...input })
  return (await client.send(command)).Instances![0]!
}
/** An instance that runs, in the zone of `subnet`. */
const launch = async (input: Partial<ec2.RunInstancesRequest> = {}) => {
  const placed = input.NetworkInterfaces ? {} : { SubnetId: subnet }
  const it = await start({ ...placed, ...input })
  await cloud.run(it.InstanceId!)
  return it.InstanceId!
}
/** What the instance's host shall have of it. */
const wish = async (id: string) => {
  const row = await cloud.store.read(({ db }) =>
    db
      .selectFrom('instances')
      .selectAll()
      .where('id', '=', id as `i-${string}`)
      .executeTakeFirstOrThrow(),
  )
  const [spec] = await cloud.store.read((reader) => specsFrom(testCloud)(reader, [row.hostId!]))
  const vifs = spec!.routers.flatMap((it) => it.vifs).filter((it) => it.domain === row.domainId)
  return { plugged: spec!.domains.find((it) => it.id === row.domainId)!.vifs.map((it) => it.id), vifs, spec: spec! }
}

describe('a network interface', () => {
  test('is made in a subnet, with addresses, groups and tags, and deleted', async () => {
    const made = await create({
      Description: 'second',
      SecondaryPrivateIpAddressCount: 2,
      TagSpecifications: [{ ResourceType: 'network-interface', Tags: [{ Key: 'Name', Value: 'front' }] }],
    })
    expect(made).toMatchObject({
      ...{ SubnetId: subnet, AvailabilityZone: zone, OwnerId: alice, Status: 'available', Description: 'second' },
      ...{ SourceDestCheck: true, Groups: [{ GroupName: 'default' }], TagSet: [{ Key: 'Name', Value: 'front' }] },
    })
    expect(made.Attachment).toBeUndefined()
    expect(made.PrivateIpAddresses!.map((it) => it.Primary)).toEqual([true, false, false])
    expect(await nic(made.NetworkInterfaceId!)).toEqual(made)
    const [{ AvailableIpAddressCount: free } = {}] = (
      await client.send(new ec2.DescribeSubnetsCommand({ SubnetIds: [subnet] }))
    ).Subnets!
    expect(free).toBe(4091 - 3)
    await remove(made.NetworkInterfaceId!)
    expect(await nics()).toEqual([])
  })

  test('has the addresses that were asked for', async () => {
    const addresses = (it: ec2.NetworkInterface) => it.PrivateIpAddresses!.map((one) => one.PrivateIpAddress)
    expect(addresses(await create({ PrivateIpAddress: '172.31.0.70' }))).toEqual(['172.31.0.70'])
    const PrivateIpAddresses = [
      { PrivateIpAddress: '172.31.0.73' },
      { PrivateIpAddress: '172.31.0.71', Primary: true },
      { PrivateIpAddress: '172.31.0.72', Primary: false },
    ]
    expect(addresses(await create({ PrivateIpAddresses }))).toEqual(['172.31.0.71', '172.31.0.72', '172.31.0.73'])
  })

  test('comes to an instance that runs, and is told of once its host has it', async () => {
    const id = await launch()
    const made = await create()
    const AttachmentId = await attach(made.NetworkInterfaceId!, id)
    expect(AttachmentId).toMatch(/^eni-attach-[0-9a-f]{17}$/)
    const { Status, Attachment } = await nic(made.NetworkInterfaceId!)
    expect(Status).toBe('in-use')
    expect(Attachment).toMatchObject({
      ...{ AttachmentId, DeviceIndex: 1, InstanceId: id, InstanceOwnerId: alice, Status: 'attaching' },
      DeleteOnTermination: false,
    })
    const { plugged, vifs } = await wish(id)
    expect(plugged).toContain(made.NetworkInterfaceId)
    expect(vifs.map((it) => it.id)).toContain(made.NetworkInterfaceId)
    expect((await instance(id)).NetworkInterfaces!.map((it) => it.Attachment!.DeviceIndex)).toEqual([0, 1])
    const tree = vifs[0]!.metadata.tree
    const at = ['meta-data', 'network', 'interfaces', 'macs', made.MacAddress!]
    expect(tree).toHaveProperty([...at, 'device-number'], '1')
    expect(tree).toHaveProperty([...at, 'local-ipv4s'], made.PrivateIpAddress)
  })

  test('keeps its tap while it leaves, and is cut off at once by force', async () => {
    const id = await launch()
    const [gentle, forced] = [await create(), await create()]
    const type = (await instance(id)).InstanceType
    expect(type).toBe('m1.small') // which has two interfaces
    const first = await attach(gentle.NetworkInterfaceId!, id)
    await detach(first)
    expect((await nic(gentle.NetworkInterfaceId!)).Attachment!.Status).toBe('detaching')
    const leaving = await wish(id)
    expect(leaving.plugged).not.toContain(gentle.NetworkInterfaceId)
    expect(leaving.vifs.map((it) => it.id)).toContain(gentle.NetworkInterfaceId)
    await detach(first, true)
    expect(await nic(gentle.NetworkInterfaceId!)).toMatchObject({ Status: 'available' })
    const second = await attach(forced.NetworkInterfaceId!, id)
    await detach(second, true)
    expect((await wish(id)).vifs.map((it) => it.id)).not.toContain(forced.NetworkInterfaceId)
    expect(await refusal(detach(second))).toMatch(/^InvalidAttachmentID.NotFound/)
  })

  test('outlives its instance unless it shall not, and keeps its elastic address', async () => {
    const id = await launch()
    const [staying, ending] = [await create(), (await instance(id)).NetworkInterfaces![0]!]
    await attach(staying.NetworkInterfaceId!, id)
    const { AllocationId } = await client.send(new ec2.AllocateAddressCommand({}))
    const NetworkInterfaceId = staying.NetworkInterfaceId!
    await client.send(new ec2.AssociateAddressCommand({ AllocationId, NetworkInterfaceId }))
    await cloud.end(id)
    expect((await nics()).map((it) => it.NetworkInterfaceId)).toEqual([NetworkInterfaceId])
    const left = await nic(NetworkInterfaceId)
    expect(left).toMatchObject({ Status: 'available', Association: { AllocationId } })
    expect(left.Attachment).toBeUndefined()
    expect(ending.NetworkInterfaceId).not.toBe(NetworkInterfaceId)
  })

  test('changes one attribute at a time', async () => {
    const id = await launch()
    const made = await create()
    const NetworkInterfaceId = made.NetworkInterfaceId!
    const AttachmentId = await attach(NetworkInterfaceId, id)
    await modify({ NetworkInterfaceId, Description: { Value: 'other' } })
    await modify({ NetworkInterfaceId, SourceDestCheck: { Value: false } })
    await modify({ NetworkInterfaceId, Attachment: { AttachmentId, DeleteOnTermination: true } })
    const { GroupId } = await client.send(new ec2.CreateSecurityGroupCommand({ GroupName: 'web', Description: 'w' }))
    await modify({ NetworkInterfaceId, Groups: [GroupId!] })
    expect(await nic(NetworkInterfaceId)).toMatchObject({
      ...{ Description: 'other', SourceDestCheck: false, Groups: [{ GroupName: 'web' }] },
      Attachment: { DeleteOnTermination: true },
    })
    const { vifs } = await wish(id)
    expect(vifs.find((it) => it.id === NetworkInterfaceId)).toMatchObject({ groups: [GroupId], sourceDestCheck: false })
    await client.send(new ec2.ResetNetworkInterfaceAttributeCommand({ NetworkInterfaceId }))
    expect((await nic(NetworkInterfaceId)).SourceDestCheck).toBe(true)
    const told = async (input: object) => (await refusal(modify({ NetworkInterfaceId, ...input }))).split(':')[0]
    expect(await told({})).toBe('InvalidParameterCombination')
    expect(await told({ Description: { Value: 'x' }, SourceDestCheck: { Value: true } })).toBe(
      'InvalidParameterCombination',
    )
    expect(await told({ Groups: ['sg-12345678'] })).toBe('InvalidGroup.NotFound')
    expect(await told({ Attachment: { AttachmentId: 'eni-attach-1', DeleteOnTermination: true } })).toBe(
      'InvalidAttachmentID.NotFound',
    )
    expect(await told({ EnablePrimaryIpv6: true })).toBe('UnsupportedOperation')
  })
})

describe('secondary addresses', () => {
  const assign = async (input: ec2.AssignPrivateIpAddressesRequest) =>
    (await client.send(new ec2.AssignPrivateIpAddressesCommand(input))).AssignedPrivateIpAddresses!.map(
      (it) => it.PrivateIpAddress!,
    )
  const unassign = (NetworkInterfaceId: string, ...PrivateIpAddresses: string[]) =>
    client.send(new ec2.UnassignPrivateIpAddressesCommand({ NetworkInterfaceId, PrivateIpAddresses }))

  test('are the guest’s at once: in routes, rules, groups and metadata; an elastic address may lead to each', async () => {
    const id = await launch()
    const NetworkInterfaceId = (await instance(id)).NetworkInterfaces![0]!.NetworkInterfaceId!
    const [second] = await assign({ NetworkInterfaceId, SecondaryPrivateIpAddressCount: 1 })
    expect(await assign({ NetworkInterfaceId, PrivateIpAddresses: ['172.31.0.80', second!] })).toEqual([
      second,
      '172.31.0.80',
    ])
    const { AllocationId, PublicIp } = await client.send(new ec2.AllocateAddressCommand({}))
    const to = { AllocationId, NetworkInterfaceId, PrivateIpAddress: '172.31.0.80' }
    await client.send(new ec2.AssociateAddressCommand(to))
    const { vifs, spec } = await wish(id)
    expect([...vifs[0]!.secondaryAddresses!].sort()).toEqual([second!, '172.31.0.80'].sort())
    expect(spec.routers[0]!.groups[0]!.members).toContain('172.31.0.80')
    const tree = vifs[0]!.metadata.tree
    const at = ['meta-data', 'network', 'interfaces', 'macs', vifs[0]!.mac]
    expect(tree).toHaveProperty([...at, 'ipv4-associations', PublicIp!], '172.31.0.80')
    const [edge] = await cloud.store.read((reader) => specsFrom(testCloud)(reader, ['edge']))
    const pairs = edge!.edge!.networks.flatMap((it) => it.addresses)
    expect(pairs).toContainEqual({ publicAddress: PublicIp, privateAddress: '172.31.0.80' })
    expect(pairs).toHaveLength(2) // The one that was lent still leads to the primary one.
    expect(edge!.edge!.networks[0]!.routes.map((it) => it.to)).toContain('172.31.0.80/32')
    await unassign(NetworkInterfaceId, '172.31.0.80')
    const [address] = (await client.send(new ec2.DescribeAddressesCommand({}))).Addresses!
    expect(address!.AssociationId).toBeUndefined()
  })

  test('move to another interface where that is allowed', async () => {
    const [one, other] = [await create({ SecondaryPrivateIpAddressCount: 1 }), await create()]
    const [primary, second] = one.PrivateIpAddresses!.map((it) => it.PrivateIpAddress!)
    const NetworkInterfaceId = other.NetworkInterfaceId!
    const taking = { NetworkInterfaceId, PrivateIpAddresses: [second!] }
    expect(await refusal(assign(taking))).toMatch(/^InvalidParameterValue: Address .* is in use/)
    expect(await assign({ ...taking, AllowReassignment: true })).toEqual([second])
    expect((await nic(one.NetworkInterfaceId!)).PrivateIpAddresses).toHaveLength(1)
    const stealing = { NetworkInterfaceId, PrivateIpAddresses: [primary!], AllowReassignment: true }
    expect(await refusal(assign(stealing))).toMatch(/^InvalidParameterValue/)
  })

  test('are refused where they cannot be had', async () => {
    const id = await launch()
    const { NetworkInterfaceId, PrivateIpAddress } = (await instance(id)).NetworkInterfaces![0]!
    const given = { NetworkInterfaceId: NetworkInterfaceId! }
    const told = async (input: object) => refusal(assign({ ...given, ...input }))
    expect(await told({ SecondaryPrivateIpAddressCount: 4 })).toBe(
      'PrivateIpAddressLimitExceeded: Number of private addresses will exceed limit.',
    )
    expect(await told({})).toMatch(/^MissingParameter/)
    expect(await told({ SecondaryPrivateIpAddressCount: 1, PrivateIpAddresses: ['172.31.0.9'] })).toMatch(
      /^InvalidParameterCombination/,
    )
    expect(await told({ PrivateIpAddresses: ['10.0.0.9'] })).toMatch(/^InvalidParameterValue: .*does not fall within/)
    expect(await told({ PrivateIpAddresses: ['172.31.0.1'] })).toMatch(/^InvalidParameterValue: .*reserved/)
    expect(await told({ PrivateIpAddresses: ['nine'] })).toMatch(/^InvalidParameterValue/)
    expect(await told({ Ipv4PrefixCount: 1 })).toMatch(/^UnsupportedOperation/)
    expect(await refusal(unassign(NetworkInterfaceId!, PrivateIpAddress!))).toBe(
      `InvalidParameterValue: Some of the specified addresses are not assigned to interface ${NetworkInterfaceId}`,
    )
    expect(await refusal(unassign(NetworkInterfaceId!))).toMatch(/^MissingParameter/)
  })
})

describe('it refuses', () => {
  test('what is not the caller’s, or nobody’s', async () => {
    const made = await create()
    const other = cloud.client(bob)
    expect(await refusal(remove(made.NetworkInterfaceId!, other))).toMatch(/^InvalidNetworkInterfaceID.NotFound/)
    expect(await refusal(create({}, other))).toMatch(/^InvalidSubnetID.NotFound/)
    expect(await refusal(detach('eni-attach-12345678'))).toBe(
      "InvalidAttachmentID.NotFound: The networkInterface attachment ID 'eni-attach-12345678' does not exist",
    )
    expect(await refusal(detach('i-12345678'))).toMatch(/^InvalidNetworkInterfaceAttachmentId.Malformed/)
    expect(await refusal(attach(made.NetworkInterfaceId!, 'i-12345678'))).toMatch(/^InvalidInstanceID.NotFound/)
  })

  test('an interface in use, and the primary one to leave', async () => {
    const id = await launch()
    const primary = (await instance(id)).NetworkInterfaces![0]!
    expect(await refusal(remove(primary.NetworkInterfaceId!))).toBe(
      `InvalidParameterValue: Network interface '${primary.NetworkInterfaceId}' is currently in use.`,
    )
    expect(await refusal(detach(primary.Attachment!.AttachmentId!))).toBe(
      'OperationNotPermitted: The network interface at device index 0 and networkCard index 0 cannot be detached.',
    )
    expect(await refusal(attach(primary.NetworkInterfaceId!, id))).toBe(
      `InvalidNetworkInterface.InUse: Interface: [${primary.NetworkInterfaceId}] in use.`,
    )
  })

  test('an index that is taken, more than the type has, another zone, and an instance that does not run', async () => {
    const id = await launch()
    const [second, third] = [await create(), await create()]
    expect(await refusal(attach(second.NetworkInterfaceId!, id, 0))).toBe(
      `InvalidParameterValue: Instance '${id}' already has an interface attached at device index '0'.`,
    )
    await attach(second.NetworkInterfaceId!, id)
    expect(await refusal(attach(third.NetworkInterfaceId!, id, 2))).toBe(
      'AttachmentLimitExceeded: Interface count 3 exceeds the limit for m1.small',
    )
    const { Subnets } = await client.send(new ec2.DescribeSubnetsCommand({}))
    const elsewhere = Subnets!.find((it) => it.AvailabilityZone !== zone)!
    const far = await create({ SubnetId: elsewhere.SubnetId! })
    expect(await refusal(attach(far.NetworkInterfaceId!, id, 3))).toMatch(
      /^InvalidParameterCombination: .*availability zone/,
    )
    const pending = await start({ SubnetId: subnet })
    expect(await refusal(attach(third.NetworkInterfaceId!, pending.InstanceId!))).toMatch(/^IncorrectState/)
    const crowded = await create({ SecondaryPrivateIpAddressCount: 4 })
    const other = await launch()
    expect(await refusal(attach(crowded.NetworkInterfaceId!, other))).toMatch(/^PrivateIpAddressLimitExceeded/)
  })

  test('to plug in again what the machine has not let go of', async () => {
    const id = await launch()
    const made = await create()
    const AttachmentId = await attach(made.NetworkInterfaceId!, id)
    const { domainId } = await cloud.change(id, { launchIndex: 0 })
    const vifsJson = JSON.stringify([made.NetworkInterfaceId])
    await cloud.store.transact((tx) =>
      tx.db.updateTable('domainFacts').set({ vifsJson }).where('id', '=', domainId).execute(),
    )
    await detach(AttachmentId, true)
    expect(await refusal(attach(made.NetworkInterfaceId!, id))).toMatch(/^InvalidNetworkInterface.InUse/)
  })

  test('an instance’s attributes that are one interface’s, where there are several', async () => {
    const id = await launch()
    await attach((await create()).NetworkInterfaceId!, id)
    const command = new ec2.ModifyInstanceAttributeCommand({ InstanceId: id, SourceDestCheck: { Value: false } })
    expect(await refusal(client.send(command))).toMatch(/^InvalidInstanceID: There are multiple interfaces attached/)
    const { AllocationId } = await client.send(new ec2.AllocateAddressCommand({}))
    const associate = new ec2.AssociateAddressCommand({ AllocationId, InstanceId: id })
    expect(await refusal(client.send(associate))).toMatch(/^InvalidInstanceID: There are multiple interfaces attached/)
  })

  test.each([
    [
      'two primary addresses',
      { PrivateIpAddress: '172.31.0.9', PrivateIpAddresses: [{ PrivateIpAddress: '172.31.0.8', Primary: true }] },
      'InvalidParameterCombination',
    ],
    [
      'a number beside names',
      { PrivateIpAddresses: [{ PrivateIpAddress: '172.31.0.8', Primary: false }], SecondaryPrivateIpAddressCount: 1 },
      'InvalidParameterCombination',
    ],
    ['an address outside', { PrivateIpAddress: '10.0.0.9' }, 'InvalidParameterValue'],
    ['an address that is none', { PrivateIpAddress: 'ten' }, 'InvalidParameterValue'],
    ['an unknown group', { Groups: ['sg-12345678'] }, 'InvalidGroup.NotFound'],
    ['prefixes', { Ipv4PrefixCount: 1 }, 'UnsupportedOperation'],
    ['another type', { InterfaceType: 'efa' as const }, 'UnsupportedOperation'],
  ])('to make one with %s', async (_, input, code) => {
    expect((await refusal(create(input))).split(':')[0]).toBe(code)
  })
})

describe('a launch', () => {
  test('takes an interface that is there, and more that are new, each with what is said of it', async () => {
    const existing = await create({ PrivateIpAddress: '172.31.0.90' })
    const id = await launch({
      NetworkInterfaces: [
        { DeviceIndex: 0, NetworkInterfaceId: existing.NetworkInterfaceId },
        {
          DeviceIndex: 1,
          SubnetId: subnet,
          SecondaryPrivateIpAddressCount: 2,
          DeleteOnTermination: false,
          Description: 'b',
        },
      ],
    })
    const [first, second] = (await instance(id)).NetworkInterfaces!
    expect(first).toMatchObject({
      ...{ NetworkInterfaceId: existing.NetworkInterfaceId, PrivateIpAddress: '172.31.0.90' },
      Attachment: { DeviceIndex: 0, DeleteOnTermination: false, Status: 'attached' },
    })
    expect(second).toMatchObject({ Description: 'b', Attachment: { DeviceIndex: 1, DeleteOnTermination: false } })
    expect(second!.PrivateIpAddresses).toHaveLength(3)
    expect((await instance(id)).PublicIpAddress).toBeUndefined()
    expect((await wish(id)).plugged).toEqual([first!.NetworkInterfaceId, second!.NetworkInterfaceId])
    await cloud.end(id)
    expect(await nics()).toHaveLength(2)
  })

  test.each<[string, ec2.InstanceNetworkInterfaceSpecification[], number, string]>([
    ['the same index twice', [{ DeviceIndex: 0 }, { DeviceIndex: 0 }], 1, 'InvalidParameterValue'],
    ['no index 0', [{ DeviceIndex: 1 }], 1, 'InvalidParameterValue'],
    ['no index at all', [{ DeviceIndex: 0 }, { Description: 'b' }], 1, 'MissingParameter'],
    [
      'more than the type has',
      [{ DeviceIndex: 0 }, { DeviceIndex: 1 }, { DeviceIndex: 2 }],
      1,
      'AttachmentLimitExceeded',
    ],
    [
      'a public address for one of two',
      [{ DeviceIndex: 0, AssociatePublicIpAddress: true }, { DeviceIndex: 1 }],
      1,
      'InvalidParameterCombination',
    ],
    [
      'an interface that nobody has',
      [{ DeviceIndex: 0, NetworkInterfaceId: 'eni-12345678' }],
      1,
      'InvalidNetworkInterfaceID.NotFound',
    ],
    [
      'one interface for two',
      [{ DeviceIndex: 0, NetworkInterfaceId: 'eni-12345678' }],
      2,
      'InvalidParameterCombination',
    ],
    [
      'more said of one by id',
      [{ DeviceIndex: 0, NetworkInterfaceId: 'eni-12345678', Groups: ['sg-1'] }],
      1,
      'InvalidParameterCombination',
    ],
    [
      'more addresses than the type has',
      [{ DeviceIndex: 0, SecondaryPrivateIpAddressCount: 4 }],
      1,
      'PrivateIpAddressLimitExceeded',
    ],
  ])('is refused with %s', async (_, NetworkInterfaces, MaxCount, code) => {
    expect((await refusal(start({ NetworkInterfaces, MaxCount }))).split(':')[0]).toBe(code)
  })

  test('is refused with an interface that is in use', async () => {
    const id = await launch()
    const { NetworkInterfaceId } = (await instance(id)).NetworkInterfaces![0]!
    expect(await refusal(start({ NetworkInterfaces: [{ DeviceIndex: 0, NetworkInterfaceId }] }))).toMatch(
      /^InvalidNetworkInterface.InUse/,
    )
  })
})
