import * as ec2 from '@aws-sdk/client-ec2'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { specsFrom } from '../../../control/hosts/host-spec.ts'
import { alice, bob, refusal, TestCloud, testCloud, tinyImage } from '../../testing.ts'

let cloud: TestCloud
let client: ec2.EC2Client
beforeEach(async () => {
  cloud = await TestCloud.open()
  client = cloud.client()
})
afterEach(() => cloud[Symbol.asyncDispose]())

const allocate = async (input: ec2.AllocateAddressRequest = {}, as = client) => {
  const { AllocationId, PublicIp } = await as.send(new ec2.AllocateAddressCommand(input))
  return { AllocationId: AllocationId!, PublicIp: PublicIp! }
}
const associate = (input: ec2.AssociateAddressRequest, as = client) => as.send(new ec2.AssociateAddressCommand(input))
const disassociate = (input: ec2.DisassociateAddressRequest) => client.send(new ec2.DisassociateAddressCommand(input))
const release = (input: ec2.ReleaseAddressRequest, as = client) => as.send(new ec2.ReleaseAddressCommand(input))
const addresses = async (input: ec2.DescribeAddressesRequest = {}) =>
  (await client.send(new ec2.DescribeAddressesCommand(input))).Addresses!
const instance = async (id: string) =>
  (await client.send(new ec2.DescribeInstancesCommand({ InstanceIds: [id] }))).Reservations![0]!.Instances![0]!
/** An instance that runs, as it was described when it began. */
const launch = async () => {
  const command = new ec2.RunInstancesCommand({ ImageId: tinyImage, MinCount: 1, MaxCount: 1 })
  const [it] = (await client.send(command)).Instances!
  await cloud.run(it!.InstanceId!)
  return { id: it!.InstanceId!, nic: it!.NetworkInterfaces![0]!.NetworkInterfaceId!, lent: it!.PublicIpAddress! }
}
/** What leads where at the edge: private address by public one. */
const atTheEdge = async () => {
  const [spec] = await cloud.store.read((reader) => specsFrom(testCloud)(reader, ['edge']))
  return Object.fromEntries(
    spec!.edge!.networks.flatMap((it) => it.addresses.map((pair) => [pair.publicAddress, pair.privateAddress])),
  )
}
/** What the guest of this instance reads of itself. */
const metadata = async (id: string) => {
  const [guest] = await cloud.store.read(({ db }) =>
    db
      .selectFrom('instances')
      .selectAll()
      .where('id', '=', id as `i-${string}`)
      .execute(),
  )
  const [spec] = await cloud.store.read((reader) => specsFrom(testCloud)(reader, [guest!.hostId!]))
  return spec!.routers.flatMap((it) => it.vifs).find((it) => it.domain === guest!.domainId)!.metadata.tree['meta-data']
}

describe('an elastic address', () => {
  test('comes from the pool with its tags, and goes back to it', async () => {
    const tags = [{ ResourceType: 'elastic-ip' as const, Tags: [{ Key: 'Name', Value: 'front' }] }]
    const { AllocationId, PublicIp } = await allocate({ Domain: 'vpc', TagSpecifications: tags })
    expect(AllocationId).toMatch(/^eipalloc-[0-9a-f]{17}$/)
    expect(PublicIp).toMatch(/^54\.187\.0\./)
    expect(await addresses()).toEqual([
      {
        ...{ AllocationId, PublicIp, Domain: 'vpc', PublicIpv4Pool: 'amazon', NetworkBorderGroup: 'us-west-2' },
        Tags: [{ Key: 'Name', Value: 'front' }],
      },
    ])
    await release({ AllocationId })
    expect(await addresses()).toEqual([])
    expect((await allocate({ Address: PublicIp })).PublicIp).toBe(PublicIp)
    expect((await client.send(new ec2.DescribeTagsCommand({}))).Tags).toEqual([])
  })

  test('takes the place of the one that was lent, everywhere at once', async () => {
    const { id, nic, lent } = await launch()
    const { AllocationId, PublicIp } = await allocate()
    const before = await cloud.generations()
    const { AssociationId } = await associate({ AllocationId, InstanceId: id })
    const it = await instance(id)
    const name = `ec2-${PublicIp.replaceAll('.', '-')}.us-west-2.compute.amazonaws.com`
    expect(it).toMatchObject({ PublicIpAddress: PublicIp, PublicDnsName: name })
    expect(await atTheEdge()).toEqual({ [PublicIp]: it.PrivateIpAddress })
    expect(await metadata(id)).toMatchObject({ 'public-ipv4': PublicIp, 'public-hostname': name })
    const after = await cloud.generations()
    expect(after['edge']).toBeGreaterThan(before['edge']!)
    expect(await addresses()).toMatchObject([
      {
        ...{ AssociationId, InstanceId: id, NetworkInterfaceId: nic, NetworkInterfaceOwnerId: alice },
        PrivateIpAddress: it.PrivateIpAddress,
      },
    ])
    const [described] = (await client.send(new ec2.DescribeNetworkInterfacesCommand({}))).NetworkInterfaces!
    expect(described!.Association).toEqual({
      ...{ AllocationId, AssociationId, PublicIp, PublicDnsName: name, IpOwnerId: alice },
    })
    expect((await allocate({ Address: lent })).PublicIp).toBe(lent) // It is free again.
  })

  test('has a name only while its VPC gives names', async () => {
    const { id } = await launch()
    const { PublicDnsName, VpcId } = await instance(id)
    expect(PublicDnsName).toMatch(/^ec2-/)
    expect(await metadata(id)).toMatchObject({ 'public-hostname': PublicDnsName })
    await client.send(new ec2.ModifyVpcAttributeCommand({ VpcId, EnableDnsHostnames: { Value: false } }))
    expect((await instance(id)).PublicDnsName).toBe('')
    expect((await instance(id)).NetworkInterfaces![0]!.Association!.PublicDnsName).toBe('')
    expect(await metadata(id)).not.toHaveProperty(['public-hostname'])
    expect(await metadata(id)).toHaveProperty(['public-ipv4'])
    await client.send(new ec2.ModifyVpcAttributeCommand({ VpcId, EnableDnsHostnames: { Value: true } }))
    expect((await instance(id)).PublicDnsName).toBe(PublicDnsName)
  })

  test('leaves nothing in its place when it goes', async () => {
    const { id } = await launch()
    const { AllocationId } = await allocate()
    const { AssociationId } = await associate({ AllocationId, InstanceId: id })
    await disassociate({ AssociationId })
    expect((await instance(id)).PublicIpAddress).toBeUndefined()
    expect((await instance(id)).PublicDnsName).toBe('')
    expect(await atTheEdge()).toEqual({})
    expect(await metadata(id)).not.toHaveProperty(['public-ipv4'])
    expect((await addresses())[0]).not.toHaveProperty('AssociationId')
  })

  test('moves from one instance to another, and pushes out what led there', async () => {
    const [one, other] = [await launch(), await launch()]
    const [first, second] = [await allocate(), await allocate()]
    await associate({ AllocationId: first.AllocationId, InstanceId: one.id })
    await associate({ AllocationId: second.AllocationId, InstanceId: other.id })
    await associate({ AllocationId: first.AllocationId, InstanceId: other.id })
    expect((await instance(one.id)).PublicIpAddress).toBeUndefined()
    expect((await instance(other.id)).PublicIpAddress).toBe(first.PublicIp)
    expect(await atTheEdge()).toEqual({ [first.PublicIp]: (await instance(other.id)).PrivateIpAddress })
    expect((await addresses({ PublicIps: [second.PublicIp] }))[0]).not.toHaveProperty('AssociationId')
  })

  test('keeps its association when it is asked for again, and stays where nobody may move it', async () => {
    const [one, other] = [await launch(), await launch()]
    const { AllocationId } = await allocate()
    const { AssociationId } = await associate({ AllocationId, InstanceId: one.id })
    expect((await associate({ AllocationId, NetworkInterfaceId: one.nic })).AssociationId).toBe(AssociationId)
    const still = { AllocationId, InstanceId: other.id, AllowReassociation: false }
    expect(await refusal(associate(still))).toBe(
      `Resource.AlreadyAssociated: resource ${AllocationId} is already associated with associate-id ${AssociationId}`,
    )
    const another = await allocate()
    const onto = { AllocationId: another.AllocationId, InstanceId: one.id, AllowReassociation: false }
    expect(await refusal(associate(onto))).toMatch(/^Resource.AlreadyAssociated/)
  })

  test('is named by itself in old commands', async () => {
    const { id } = await launch()
    const { PublicIp } = await allocate()
    expect(await cloud.ask('AssociateAddress', { PublicIp, InstanceId: id })).toContain('<associationId>eipassoc-')
    expect((await instance(id)).PublicIpAddress).toBe(PublicIp)
    for (let twice = 0; twice < 2; twice++)
      expect(await cloud.ask('DisassociateAddress', { PublicIp })).not.toContain('<Error>')
    expect(await cloud.ask('ReleaseAddress', { PublicIp })).not.toContain('<Error>')
    expect(await addresses()).toEqual([])
  })

  test('is given back by an instance that ends, and stays its account’s', async () => {
    const { id, lent } = await launch()
    const { AllocationId, PublicIp } = await allocate()
    await associate({ AllocationId, InstanceId: id })
    await cloud.end(id)
    expect(await addresses()).toMatchObject([{ AllocationId, PublicIp }])
    expect((await addresses())[0]).not.toHaveProperty('AssociationId')
    expect(lent).not.toBe(PublicIp)
  })

  test('has a reverse name if one is set, and cannot go with it', async () => {
    const { AllocationId, PublicIp } = await allocate()
    const attributes = async (input: ec2.DescribeAddressesAttributeRequest = {}) =>
      (await client.send(new ec2.DescribeAddressesAttributeCommand(input))).Addresses
    expect(await attributes()).toEqual([])
    expect(await attributes({ AllocationIds: [AllocationId], Attribute: 'domain-name' })).toEqual([
      { AllocationId, PublicIp },
    ])
    const named = { AllocationId, PublicIp, PtrRecord: 'mail.example.com.' }
    const set = new ec2.ModifyAddressAttributeCommand({ AllocationId, DomainName: 'Mail.example.com' })
    const before = await cloud.generations()
    expect((await client.send(set)).Address).toEqual(named)
    const after = await cloud.generations()
    expect(Object.keys(before).every((host) => after[host]! > before[host]!)).toBe(true)
    expect(await attributes()).toEqual([named])
    expect(await refusal(release({ AllocationId }))).toBe(
      `InvalidAddress.PtrSet: The address with allocation id [${AllocationId}] cannot be released because it has a PTR record set.`,
    )
    const reset = new ec2.ResetAddressAttributeCommand({ AllocationId, Attribute: 'domain-name' })
    expect((await client.send(reset)).Address).toEqual({ AllocationId, PublicIp })
    await release({ AllocationId })
  })
})

test('every filter of DescribeAddresses finds the address that leads to an instance, and no other', async () => {
  const { id, nic } = await launch()
  const [one, other] = [await allocate(), await allocate()]
  const { AssociationId } = await associate({ AllocationId: one.AllocationId, InstanceId: id })
  await client.send(new ec2.CreateTagsCommand({ Resources: [one.AllocationId], Tags: [{ Key: 'k', Value: 'v' }] }))
  const privately = (await instance(id)).PrivateIpAddress!
  const filters: Readonly<Record<string, string>> = {
    ...{ 'allocation-id': one.AllocationId, 'association-id': AssociationId!, 'instance-id': id },
    ...{ 'instance-owner-id': alice, 'network-interface-id': nic, 'network-interface-owner-id': alice },
    ...{ 'private-ip-address': privately, 'public-ip': one.PublicIp, 'tag-key': 'k', 'tag:k': 'v', 'tag-value': 'v' },
  }
  for (const [Name, value] of Object.entries(filters)) {
    const found = await addresses({ Filters: [{ Name, Values: [value] }] })
    expect(
      found.map((it) => it.PublicIp),
      Name,
    ).toEqual([one.PublicIp])
  }
  const all = { domain: 'vpc', 'network-border-group': 'us-west-2' }
  for (const [Name, value] of Object.entries(all))
    expect(await addresses({ Filters: [{ Name, Values: [value] }] }), Name).toHaveLength(2)
  expect(await addresses({ AllocationIds: [other.AllocationId] })).toMatchObject([other])
})

test('the addresses of an instance are found by filters of interfaces and instances', async () => {
  const { id } = await launch()
  const { AllocationId, PublicIp } = await allocate()
  const { AssociationId } = await associate({ AllocationId, InstanceId: id })
  const nics = async (Name: string, value: string) =>
    (await client.send(new ec2.DescribeNetworkInterfacesCommand({ Filters: [{ Name, Values: [value] }] })))
      .NetworkInterfaces!.length
  const instances = async (Name: string, value: string) =>
    (await client.send(new ec2.DescribeInstancesCommand({ Filters: [{ Name, Values: [value] }] }))).Reservations!.length
  expect(await nics('association.allocation-id', AllocationId)).toBe(1)
  expect(await nics('association.association-id', AssociationId!)).toBe(1)
  expect(await nics('association.ip-owner-id', 'amazon')).toBe(0)
  expect(await nics('addresses.association.owner-id', alice)).toBe(1)
  expect(await instances('network-interface.association.allocation-id', AllocationId)).toBe(1)
  expect(await instances('network-interface.addresses.association.association-id', AssociationId!)).toBe(1)
  expect(await instances('ip-address', PublicIp)).toBe(1)
})

describe('it refuses', () => {
  test('more than the quota, and tells it beforehand', async () => {
    const names = { AttributeNames: ['vpc-max-elastic-ips' as 'default-vpc'] } // The client does not know all of them.
    const { AccountAttributes } = await client.send(new ec2.DescribeAccountAttributesCommand(names))
    expect(AccountAttributes![0]!.AttributeValues).toEqual([{ AttributeValue: '5' }])
    for (let n = 0; n < 5; n++) await allocate()
    expect(await refusal(allocate())).toBe('AddressLimitExceeded: The maximum number of addresses has been reached.')
    await allocate({}, cloud.client(bob))
  })

  test.each([
    ['EC2-Classic', { Domain: 'standard' }, /^UnsupportedOperation/],
    ['another domain', { Domain: 'moon' }, /^InvalidParameterValue: Value \(moon\) for parameter domain is invalid/],
    ['another pool', { PublicIpv4Pool: 'ipv4pool-ec2-012345' }, /^UnsupportedOperation/],
    ['another border group', { NetworkBorderGroup: 'us-west-2-lax-1' }, /^InvalidParameterValue/],
    ['an address outside the pool', { Address: '8.8.8.8' }, /^InvalidAddress.NotFound: Address '8.8.8.8' not found./],
    ['an address that is none', { Address: '8.8.8' }, /^InvalidParameterValue/],
  ])('to allocate from %s', async (_, input, message) => {
    expect(await refusal(allocate(input as ec2.AllocateAddressRequest))).toMatch(message)
  })

  test('to allocate an address that is lent', async () => {
    const { lent } = await launch()
    expect(await refusal(allocate({ Address: lent }))).toBe(`InvalidAddress.NotFound: Address '${lent}' not found.`)
  })

  test('what is not the caller’s', async () => {
    const { id, nic, lent } = await launch()
    const { AllocationId, PublicIp } = await allocate()
    const { AssociationId } = await associate({ AllocationId, InstanceId: id })
    const other = cloud.client(bob)
    const his = await allocate({}, other)
    const ours = `AuthFailure: The address '${PublicIp}' does not belong to you.`
    expect(await refusal(release({ PublicIp }, other))).toBe(ours)
    expect(await refusal(release({ AllocationId }, other))).toBe(
      `InvalidAllocationID.NotFound: The allocation ID '${AllocationId}' does not exist`,
    )
    expect(await refusal(associate({ AllocationId: his.AllocationId, InstanceId: id }, other))).toMatch(
      /^InvalidInstanceID.NotFound/,
    )
    expect(await refusal(associate({ AllocationId: his.AllocationId, NetworkInterfaceId: nic }, other))).toMatch(
      /^InvalidNetworkInterfaceID.NotFound/,
    )
    const apart = other.send(new ec2.DisassociateAddressCommand({ AssociationId }))
    expect(await refusal(apart)).toBe(
      `InvalidAssociationID.NotFound: The association ID '${AssociationId}' does not exist`,
    )
    expect(await refusal(associate({ PublicIp: lent, InstanceId: id }))).toMatch(/^AuthFailure/)
  })

  test('to describe what is not there', async () => {
    expect(await refusal(addresses({ PublicIps: ['1.2.3.4'] }))).toBe(
      "InvalidAddress.NotFound: Address '1.2.3.4' not found.",
    )
    expect(await refusal(addresses({ AllocationIds: ['eipalloc-1'] }))).toMatch(/^InvalidAllocationID.NotFound/)
  })

  test('to release an address that is in use, by whichever name', async () => {
    const { id } = await launch()
    const { AllocationId, PublicIp } = await allocate()
    await associate({ AllocationId, InstanceId: id })
    for (const named of [{ AllocationId }, { PublicIp }])
      expect(await refusal(release(named))).toBe(`InvalidIPAddress.InUse: Address ${PublicIp} is in use.`)
  })

  test('an instance that does not run yet, or no more', async () => {
    const command = new ec2.RunInstancesCommand({ ImageId: tinyImage, MinCount: 1, MaxCount: 1 })
    const [it] = (await client.send(command)).Instances!
    const { AllocationId } = await allocate()
    const [InstanceId, NetworkInterfaceId] = [it!.InstanceId!, it!.NetworkInterfaces![0]!.NetworkInterfaceId!]
    expect(await refusal(associate({ AllocationId, InstanceId }))).toBe(
      `InvalidInstanceID: The pending instance '${InstanceId}' is not in a valid state for this operation.`,
    )
    expect(await refusal(associate({ AllocationId, NetworkInterfaceId }))).toBe(
      `IncorrectInstanceState: The pending instance to which '${NetworkInterfaceId}' is attached is not in a valid state for this operation`,
    )
    await cloud.end(InstanceId)
    expect(await refusal(associate({ AllocationId, InstanceId }))).toMatch(
      /^InvalidInstanceID: The terminated instance/,
    )
  })

  test('a VPC that has no way out', async () => {
    const { Vpc } = await client.send(new ec2.CreateVpcCommand({ CidrBlock: '10.7.0.0/16' }))
    const subnet = new ec2.CreateSubnetCommand({ VpcId: Vpc!.VpcId!, CidrBlock: '10.7.1.0/24' })
    const SubnetId = (await client.send(subnet)).Subnet!.SubnetId!
    const { NetworkInterface } = await client.send(new ec2.CreateNetworkInterfaceCommand({ SubnetId }))
    const { AllocationId } = await allocate()
    const { NetworkInterfaceId } = NetworkInterface!
    expect(await refusal(associate({ AllocationId, NetworkInterfaceId }))).toBe(
      `Gateway.NotAttached: Network ${Vpc!.VpcId} is not attached to any internet gateway`,
    )
  })

  test('what does not name one address and one place', async () => {
    const { id, nic } = await launch()
    const { AllocationId, PublicIp } = await allocate()
    const told = async (input: ec2.AssociateAddressRequest) => (await refusal(associate(input))).split(':')[0]
    expect(await told({ InstanceId: id })).toBe('MissingParameter')
    expect(await told({ AllocationId })).toBe('MissingParameter')
    expect(await told({ AllocationId, PublicIp, InstanceId: id })).toBe('InvalidParameterCombination')
    expect(await told({ AllocationId, InstanceId: id, NetworkInterfaceId: nic })).toBe('InvalidParameterCombination')
    expect(await told({ AllocationId, InstanceId: id, PrivateIpAddress: '172.31.0.9' })).toBe('InvalidParameterValue')
    expect(await told({ AllocationId: 'eipalloc-1', InstanceId: id })).toBe('InvalidAllocationID.NotFound')
    expect(await told({ PublicIp: 'front', InstanceId: id })).toBe('InvalidParameterValue')
    expect(await refusal(disassociate({}))).toMatch(/^MissingParameter/)
    expect(await refusal(disassociate({ AssociationId: 'eipassoc-1', PublicIp }))).toMatch(
      /^InvalidParameterCombination/,
    )
    expect(await refusal(release({}))).toMatch(/^MissingParameter/)
    expect(await refusal(release({ AllocationId, NetworkBorderGroup: 'mars' }))).toMatch(/^InvalidParameterValue/)
  })

  test.each(['localhost', 'a..b', '-a.example.com', `${'a'.repeat(64)}.com`])(
    '%s as a reverse name',
    async (DomainName) => {
      const { AllocationId } = await allocate()
      const set = new ec2.ModifyAddressAttributeCommand({ AllocationId, DomainName })
      expect(await refusal(client.send(set))).toMatch(/^InvalidParameterValue/)
    },
  )
})
