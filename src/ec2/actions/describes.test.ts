/** Describes of what a cloud has before anybody launches anything: regions, types, images, VPCs, interfaces, and what there is none of. */
import * as ec2 from '@aws-sdk/client-ec2'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { instanceTypes } from '../../model/instance-types.ts'
import { alice, bob, refusal, TestCloud, tinyImage } from '../testing.ts'

let cloud: TestCloud
let client: ec2.EC2Client
beforeEach(async () => {
  cloud = await TestCloud.open()
  client = cloud.client()
})
afterEach(() => cloud[Symbol.asyncDispose]())

const launch = async () => {
  const { Instances } = await client.send(new ec2.RunInstancesCommand({ ImageId: tinyImage, MinCount: 1, MaxCount: 1 }))
  return Instances![0]!
}

describe('regions', () => {
  test('there is one, and it tells its endpoint without a scheme', async () => {
    const { Regions } = await client.send(new ec2.DescribeRegionsCommand({ AllRegions: true }))
    expect(Regions).toEqual([
      { RegionName: 'us-west-2', Endpoint: '127.0.0.1:8773', OptInStatus: 'opt-in-not-required' },
    ])
    expect(await refusal(client.send(new ec2.DescribeRegionsCommand({ RegionNames: ['mars-1'] })))).toBe(
      'InvalidParameterValue: Invalid region: [mars-1]',
    )
  })
})

describe('zones', () => {
  const zones = async (input = {}) =>
    (await client.send(new ec2.DescribeAvailabilityZonesCommand(input))).AvailabilityZones ?? []

  test('have names, ids and groups', async () => {
    const all = await zones()
    expect(all.map((it) => it.ZoneName)).toEqual(['us-west-2a', 'us-west-2b', 'us-west-2c'])
    expect(all[0]).toEqual({
      ...{
        ZoneName: 'us-west-2a',
        ZoneId: 'usw2-az1',
        ZoneType: 'availability-zone',
        State: 'available',
        RegionName: 'us-west-2',
      },
      ...{
        GroupName: 'us-west-2-zg-1',
        NetworkBorderGroup: 'us-west-2',
        OptInStatus: 'opt-in-not-required',
        Messages: [],
      },
    })
    expect(await zones({ ZoneIds: ['usw2-az2'] })).toMatchObject([{ ZoneName: 'us-west-2b' }])
    expect(
      await zones({
        Filters: [
          { Name: 'zone-name', Values: ['*c'] },
          { Name: 'opt-in-status', Values: ['opt-in-not-required'] },
        ],
      }),
    ).toHaveLength(1)
    expect(await refusal(zones({ ZoneNames: ['us-west-2z'] }))).toBe(
      'InvalidParameterValue: Invalid availability zone: [us-west-2z]',
    )
  })

  test('one without a host is impaired, and says why', async () => {
    await cloud.store.transact((tx) =>
      tx.db.updateTable('hosts').set({ connected: 0 }).where('zone', '=', 'us-west-2b').execute(),
    )
    expect(await zones({ Filters: [{ Name: 'state', Values: ['impaired'] }] })).toMatchObject([
      { ZoneName: 'us-west-2b', Messages: [{ Message: 'No host of this zone is connected.' }] },
    ])
  })

  test('verbose ones tell what still fits, as those of Eucalyptus did', async () => {
    const rows = await zones({ ZoneNames: ['verbose', 'us-west-2a'] })
    expect(rows.slice(0, 2).map((it) => [it.ZoneName, it.State])).toEqual([
      ['us-west-2a', 'available'],
      ['|- vm types', 'free / max   cpu   ram  disk'],
    ])
    const small = async () =>
      (await zones({ ZoneNames: ['verbose', 'us-west-2a'] })).find((it) => it.ZoneName === '|- m1.small')?.State
    expect(await small()).toMatch(/^(\d{4}) \/ \1 +1 +\d+ +\d+$/)
    const { Placement } = await launch()
    expect(Placement?.AvailabilityZone).toBe('us-west-2a')
    expect(await small()).not.toMatch(/^(\d{4}) \/ \1 /)
  })
})

describe('images', () => {
  const images = async (input: ec2.DescribeImagesCommandInput = {}, as = client) =>
    (await as.send(new ec2.DescribeImagesCommand(input))).Images ?? []
  const ids = async (input: ec2.DescribeImagesCommandInput, as = client) =>
    (await images(input, as)).map((it) => it.ImageId)
  beforeEach(async () => {
    await cloud.addImage({
      id: 'ami-0000000a',
      accountId: alice,
      ownerAlias: null,
      name: 'mine',
      isPublic: 0,
      createdAt: Date.parse('2026-02-03'),
    })
    await cloud.addImage({ id: 'ami-0000000b', accountId: bob, ownerAlias: null, name: 'his', isPublic: 0 })
  })

  test('have what clients read', async () => {
    expect(await images({ ImageIds: [tinyImage] })).toMatchObject([
      {
        ...{
          ImageId: tinyImage,
          Name: 'tiny',
          ImageLocation: 'amazon/tiny',
          ImageOwnerAlias: 'amazon',
          OwnerId: '999999999999',
        },
        ...{
          State: 'available',
          Public: true,
          Architecture: 'x86_64',
          ImageType: 'machine',
          CreationDate: '2026-01-01T00:00:00.000Z',
        },
        ...{
          RootDeviceType: 'instance-store',
          RootDeviceName: '/dev/sda1',
          BlockDeviceMappings: [],
          VirtualizationType: 'hvm',
        },
      },
    ])
  })

  test.each<[string, ec2.DescribeImagesCommandInput, string[]]>([
    ['all that I may run', {}, ['ami-0000000a', tinyImage]],
    ['mine', { Owners: ['self'] }, ['ami-0000000a']],
    ['mine, by my account', { Owners: [alice] }, ['ami-0000000a']],
    ["Amazon's", { Owners: ['amazon'] }, [tinyImage]],
    ['of an account', { Owners: ['999999999999', 'self'] }, ['ami-0000000a', tinyImage]],
    ['that I was let into', { ExecutableUsers: ['self'] }, []],
    ['that all may run', { ExecutableUsers: ['all'] }, [tinyImage]],
    ['by name', { Filters: [{ Name: 'name', Values: ['min*'] }] }, ['ami-0000000a']],
    ['by the day they were made', { Filters: [{ Name: 'creation-date', Values: ['2026-02-03T*'] }] }, ['ami-0000000a']],
    ['by owner alias', { Filters: [{ Name: 'owner-alias', Values: ['amazon'] }] }, [tinyImage]],
    [
      'by all that Packer asks',
      {
        Filters: [
          ['virtualization-type', 'hvm'],
          ['root-device-type', 'instance-store'],
          ['architecture', 'x86_64'],
          ['state', 'available'],
        ].map(([Name, it]) => ({ Name, Values: [it!] })),
      },
      ['ami-0000000a', tinyImage],
    ],
  ])('%s', async (_, input, expected) => {
    expect(await ids(input)).toEqual(expected)
  })

  test.each<[ec2.DescribeImagesCommandInput, string]>([
    [{ ImageIds: ['ami-x'] }, 'InvalidAMIID.Malformed: Invalid id: "ami-x" (expecting "ami-...")'],
    [{ ImageIds: ['ami-0000000b'] }, "InvalidAMIID.NotFound: The image id '[ami-0000000b]' does not exist"],
    [
      { ImageIds: ['ami-0000000b', 'ami-0000000c'] },
      "InvalidAMIID.NotFound: The image ids '[ami-0000000b, ami-0000000c]' do not exist",
    ],
    [{ Owners: ['nobody'] }, 'InvalidUserID.Malformed: Invalid user id: "nobody"'],
  ])('%j is refused', async (input, told) => {
    expect(await refusal(images(input))).toBe(told)
  })

  test("private images are their owner's alone, to see and to run", async () => {
    expect(await ids({}, cloud.client(bob))).toEqual(['ami-0000000b', tinyImage])
    const run = new ec2.RunInstancesCommand({ ImageId: 'ami-0000000b', MinCount: 1, MaxCount: 1 })
    expect(await refusal(client.send(run))).toMatch(/^InvalidAMIID.NotFound/)
  })
})

describe('instance types', () => {
  const types = async (input: ec2.DescribeInstanceTypesCommandInput = {}) =>
    (await client.send(new ec2.DescribeInstanceTypesCommand(input))).InstanceTypes ?? []

  test('are told with the memory that guests have here', async () => {
    const [small] = await types({ InstanceTypes: ['m1.small'] })
    const { Instances } = await client.send(
      new ec2.RunInstancesCommand({ ImageId: tinyImage, MinCount: 1, MaxCount: 1, InstanceType: 'm1.small' }),
    )
    const rows = await cloud.store.read((reader) => reader.db.selectFrom('instances').selectAll().execute())
    expect(rows.find((row) => row.id === Instances![0]!.InstanceId)?.memoryMib).toBe(small!.MemoryInfo!.SizeInMiB)
  })

  test('unknown ones are refused, all of them at once', async () => {
    expect(await refusal(types({ InstanceTypes: ['m1.small', 'm1.tiny' as never, 'x.y' as never] }))).toBe(
      'InvalidInstanceType: The following supplied instance types do not exist: [m1.tiny, x.y]',
    )
  })

  test('come in pages, each once', async () => {
    const found: (string | undefined)[] = []
    for await (const page of ec2.paginateDescribeInstanceTypes({ client, pageSize: 10 }, {}))
      found.push(...(page.InstanceTypes ?? []).map((it) => it.InstanceType))
    expect(found.sort()).toEqual(instanceTypes.map((it) => it.name).sort())
  })

  test.each([
    ['instance-type', 'm1.*', 'm1.small'],
    ['vcpu-info.default-vcpus', '1', 'm1.small'],
    ['processor-info.supported-architecture', 'i386', 'm1.small'],
    ['instance-storage-supported', 'true', 'm1.small'],
    ['burstable-performance-supported', 'true', 't3.micro'],
  ])('are filtered by %s', async (Name, value, expected) => {
    const found = await types({ Filters: [{ Name, Values: [value] }] })
    expect(found.map((it) => it.InstanceType)).toContain(expected)
    expect(found.length).toBeLessThan(instanceTypes.length)
  })

  test("clients of Eucalyptus get them in Eucalyptus' form, with what is free where they ask", async () => {
    const plain = await cloud.ask('DescribeInstanceTypes', { 'InstanceType.1': 'm1.small' })
    expect(plain).toMatch(
      /<instanceTypeDetails><item><name>m1.small<\/name><cpu>1<\/cpu><disk>\d+<\/disk><memory>\d+<\/memory><\/item>/,
    )
    const asked = await cloud.ask('DescribeInstanceTypes', { Availability: 'true' })
    expect(asked).toMatch(
      /<availability><item><zoneName>us-west-2a<\/zoneName><max>\d+<\/max><available>\d+<\/available>/,
    )
  })

  test.each<[ec2.LocationType, string[]]>([
    ['region', ['us-west-2']],
    ['availability-zone', ['us-west-2a', 'us-west-2b', 'us-west-2c']],
    ['availability-zone-id', ['usw2-az1', 'usw2-az2', 'usw2-az3']],
    ['outpost', []],
  ])('are offered by %s', async (LocationType, places) => {
    const Filters = [{ Name: 'instance-type', Values: ['t3.micro'] }]
    const { InstanceTypeOfferings } = await client.send(
      new ec2.DescribeInstanceTypeOfferingsCommand({ LocationType, Filters }),
    )
    expect(InstanceTypeOfferings?.map((it) => it.Location)).toEqual(places)
  })
})

describe('the network', () => {
  test('a VPC is found as Terraform looks for it, with its attributes', async () => {
    const Filters = [{ Name: 'isDefault', Values: ['true'] }]
    const { Vpcs: [vpc] = [] } = await client.send(new ec2.DescribeVpcsCommand({ Filters }))
    expect(vpc).toMatchObject({
      ...{
        CidrBlock: '172.31.0.0/16',
        IsDefault: true,
        State: 'available',
        InstanceTenancy: 'default',
        OwnerId: alice,
        Tags: [],
      },
      CidrBlockAssociationSet: [{ CidrBlock: '172.31.0.0/16', CidrBlockState: { State: 'associated' } }],
    })
    const attribute = (Attribute: ec2.VpcAttributeName) =>
      client.send(new ec2.DescribeVpcAttributeCommand({ VpcId: vpc!.VpcId, Attribute }))
    expect((await attribute('enableDnsSupport')).EnableDnsSupport).toEqual({ Value: true })
    expect((await attribute('enableDnsHostnames')).EnableDnsHostnames).toEqual({ Value: true })
    expect((await attribute('enableNetworkAddressUsageMetrics')).EnableNetworkAddressUsageMetrics).toEqual({
      Value: false,
    })
    expect(await refusal(attribute('colour' as never))).toMatch(/^InvalidParameterValue/)
    expect(await refusal(client.send(new ec2.DescribeVpcsCommand({ VpcIds: ['vpc-00000000'] })))).toBe(
      "InvalidVpcID.NotFound: The vpc ID 'vpc-00000000' does not exist",
    )
  })

  test('a subnet counts the addresses that it has left', async () => {
    const subnets = async (input = {}) => (await client.send(new ec2.DescribeSubnetsCommand(input))).Subnets ?? []
    expect((await subnets()).map((it) => [it.AvailabilityZone, it.CidrBlock, it.AvailableIpAddressCount])).toEqual(
      expect.arrayContaining([
        ['us-west-2a', '172.31.0.0/20', 4091],
        ['us-west-2b', '172.31.16.0/20', 4091],
      ]),
    )
    const { SubnetId } = await launch()
    expect(await subnets({ SubnetIds: [SubnetId!] })).toMatchObject([
      { AvailableIpAddressCount: 4090, MapPublicIpOnLaunch: true, DefaultForAz: true },
    ])
    for (const [Name, value] of [
      ['availabilityZone', 'us-west-2a'],
      ['availability-zone-id', 'usw2-az1'],
      ['cidrBlock', '172.31.0.0/20'],
    ]) {
      expect(
        await subnets({
          Filters: [
            { Name, Values: [value] },
            { Name: 'defaultForAz', Values: ['true'] },
          ],
        }),
      ).toHaveLength(1)
    }
  })

  test('an interface is described by itself, with its attachment and addresses', async () => {
    const instance = await launch()
    const { NetworkInterfaces: [nic] = [] } = await client.send(new ec2.DescribeNetworkInterfacesCommand({}))
    expect(nic).toMatchObject({
      ...{
        Status: 'in-use',
        PrivateIpAddress: instance.PrivateIpAddress,
        AvailabilityZone: 'us-west-2a',
        RequesterManaged: false,
      },
      Association: { PublicIp: instance.PublicIpAddress, IpOwnerId: 'amazon' },
      Attachment: { InstanceId: instance.InstanceId, DeviceIndex: 0, Status: 'attached' },
      PrivateIpAddresses: [{ Primary: true, PrivateIpAddress: instance.PrivateIpAddress }],
      ...{ Groups: [{ GroupName: 'default' }], TagSet: [] },
    })
    const found = async (Name: string, value: string | undefined) =>
      (await client.send(new ec2.DescribeNetworkInterfacesCommand({ Filters: [{ Name, Values: [value ?? ''] }] })))
        .NetworkInterfaces
    expect(await found('attachment.instance-id', instance.InstanceId)).toEqual([nic])
    expect(await found('addresses.association.public-ip', instance.PublicIpAddress)).toEqual([nic])
    expect(await found('group-id', 'sg-0')).toEqual([])
  })

  test.each([
    ['description', { Description: { Value: '' } }],
    ['groupSet', { Groups: [{ GroupName: 'default' }] }],
    ['sourceDestCheck', { SourceDestCheck: { Value: true } }],
    ['attachment', { Attachment: { Status: 'attached' } }],
    ['associatePublicIpAddress', { AssociatePublicIpAddress: true }],
  ] as const)("an interface's %s is described", async (Attribute, answer) => {
    const NetworkInterfaceId = (await launch()).NetworkInterfaces![0]!.NetworkInterfaceId!
    const command = new ec2.DescribeNetworkInterfaceAttributeCommand({ NetworkInterfaceId, Attribute })
    expect(await client.send(command)).toMatchObject({ NetworkInterfaceId, ...answer })
  })
})

describe('the account', () => {
  test('has VPCs only, and a default one', async () => {
    const { AccountAttributes = [] } = await client.send(new ec2.DescribeAccountAttributesCommand({}))
    const value = (name: string) =>
      AccountAttributes.find((it) => it.AttributeName === name)?.AttributeValues?.[0]?.AttributeValue
    expect([value('supported-platforms'), value('max-instances')]).toEqual(['VPC', '20'])
    expect(value('default-vpc')).toMatch(/^vpc-[0-9a-f]{17}$/)
    const AttributeNames = ['default-vpc'] as const
    expect(
      (await client.send(new ec2.DescribeAccountAttributesCommand({ AttributeNames: [...AttributeNames] })))
        .AccountAttributes,
    ).toHaveLength(1)
    expect(
      await refusal(client.send(new ec2.DescribeAccountAttributesCommand({ AttributeNames: ['toString' as never] }))),
    ).toMatch(/^InvalidParameterValue/)
  })
})

describe('what there is none of yet', () => {
  test.each([
    ['DescribeVolumes', 'volumeSet', { 'Filter.1.Name': 'attachment.instance-id', 'Filter.1.Value.1': 'i-1' }],
    ['DescribeSnapshots', 'snapshotSet', { 'Owner.1': 'self' }],
  ])('%s answers an empty set', async (name, set, params) => {
    expect(await cloud.ask(name, params)).toContain(`<${set}/>`)
  })

  test.each([
    [
      'DescribeVolumes',
      'VolumeId.1',
      'vol-7443fb78',
      "<Code>InvalidVolume.NotFound</Code><Message>The volume 'vol-7443fb78' does not exist.<",
    ],
    ['DescribeSnapshots', 'SnapshotId.1', 'snap-7443fb78', '<Code>InvalidSnapshot.NotFound</Code>'],
    [
      'DescribeIamInstanceProfileAssociations',
      'AssociationId.1',
      'iip-assoc-1',
      '<Code>InvalidAssociationID.NotFound</Code>',
    ],
  ])('%s does not find one by %s', async (name, parameter, id, told) => {
    expect(await cloud.ask(name, { [parameter]: id })).toContain(told)
  })

  test('an action that is not served says so, and one that nobody knows is none', async () => {
    expect(await cloud.ask('CreateVpnGateway', { Type: 'ipsec.1' })).toContain('<Code>UnsupportedOperation</Code>')
    expect(await cloud.ask('MakeCoffee')).toContain('<Code>InvalidAction</Code>')
  })
})
