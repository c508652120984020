import {
  AllocateAddressCommand,
  AssociateVpcCidrBlockCommand,
  CreateNatGatewayCommand,
  CreateNetworkAclCommand,
  CreateNetworkAclEntryCommand,
  CreateVpcCommand,
  DeleteNetworkAclCommand,
  DeleteNetworkAclEntryCommand,
  DeleteVpcCommand,
  DescribeNetworkAclsCommand,
  DescribeSubnetsCommand,
  type EC2Client,
  type NetworkAcl,
  ReplaceNetworkAclAssociationCommand,
  ReplaceNetworkAclEntryCommand,
  RunInstancesCommand,
} from '@aws-sdk/client-ec2'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { specsFrom } from '../../../control/hosts/host-spec.ts'
import { bob, refusal, TestCloud, testCloud, tinyImage } from '../../testing.ts'

let cloud: TestCloud
let client: EC2Client
beforeEach(async () => {
  cloud = await TestCloud.open()
  client = cloud.client()
})
afterEach(() => cloud[Symbol.asyncDispose]())

const acls = async (input = {}): Promise<NetworkAcl[]> =>
  (await client.send(new DescribeNetworkAclsCommand(input))).NetworkAcls ?? []
const theDefault = async () => (await acls({ Filters: [{ Name: 'default', Values: ['true'] }] }))[0]!
const create = async () => {
  const { VpcId } = await theDefault()
  return (await client.send(new CreateNetworkAclCommand({ VpcId }))).NetworkAcl!
}
const https = {
  RuleNumber: 100,
  Protocol: '6',
  RuleAction: 'allow' as const,
  Egress: false,
  CidrBlock: '10.1.2.3/8',
  PortRange: { From: 443, To: 443 },
}
const add = (NetworkAclId: string | undefined, over = {}) =>
  client.send(new CreateNetworkAclEntryCommand({ NetworkAclId, ...https, ...over }))
const replaceAll = async (from: NetworkAcl, NetworkAclId: string | undefined) => {
  for (const { NetworkAclAssociationId: AssociationId } of from.Associations ?? [])
    await client.send(new ReplaceNetworkAclAssociationCommand({ AssociationId, NetworkAclId }))
}

test('a VPC has a default ACL that allows everything, and all its subnets have it', async () => {
  const it = await theDefault()
  expect(it.Entries?.map((entry) => [entry.RuleNumber, entry.Egress, entry.RuleAction, entry.Protocol])).toEqual([
    [100, false, 'allow', '-1'],
    [32767, false, 'deny', '-1'],
    [100, true, 'allow', '-1'],
    [32767, true, 'deny', '-1'],
  ])
  expect(it.Associations).toHaveLength(3)
  expect(it.Associations?.[0]?.NetworkAclAssociationId).toMatch(/^aclassoc-[0-9a-f]{17}$/)
  expect((await cloud.client(bob).send(new DescribeNetworkAclsCommand({}))).NetworkAcls).toHaveLength(1)
})

test('a new one denies everything until it has entries, which are shown in their order', async () => {
  const { NetworkAclId, Entries, IsDefault } = await create()
  expect(IsDefault).toBe(false)
  expect(Entries?.map((it) => it.RuleNumber)).toEqual([32767, 32767])
  await add(NetworkAclId, { RuleNumber: 200, RuleAction: 'deny' })
  await add(NetworkAclId)
  await add(NetworkAclId, {
    Egress: true,
    Protocol: 'icmp',
    IcmpTypeCode: { Type: -1, Code: -1 },
    PortRange: undefined,
  })
  const [shown] = await acls({ NetworkAclIds: [NetworkAclId] })
  expect(shown?.Entries?.slice(0, 2)).toMatchObject([
    { RuleNumber: 100, CidrBlock: '10.0.0.0/8', PortRange: { From: 443, To: 443 }, RuleAction: 'allow' },
    { RuleNumber: 200, RuleAction: 'deny' },
  ])
  expect(shown?.Entries?.[3]).toMatchObject({ Protocol: '1', IcmpTypeCode: { Type: -1, Code: -1 }, Egress: true })
  expect(await acls({ Filters: [{ Name: 'entry.rule-number', Values: ['200'] }] })).toHaveLength(1)
})

test('entries are replaced and taken away by their number', async () => {
  const { NetworkAclId } = await create()
  await add(NetworkAclId)
  await client.send(new ReplaceNetworkAclEntryCommand({ NetworkAclId, ...https, RuleAction: 'deny' }))
  expect((await acls({ NetworkAclIds: [NetworkAclId] }))[0]?.Entries?.[0]).toMatchObject({ RuleAction: 'deny' })
  const gone = { NetworkAclId, RuleNumber: 100, Egress: false }
  await client.send(new DeleteNetworkAclEntryCommand(gone))
  expect(await refusal(client.send(new DeleteNetworkAclEntryCommand(gone)))).toMatch(/^InvalidNetworkAclEntry.NotFound/)
  expect(await refusal(client.send(new ReplaceNetworkAclEntryCommand({ NetworkAclId, ...https })))).toMatch(
    /^InvalidNetworkAclEntry.NotFound/,
  )
})

test('what cannot be is refused', async () => {
  const { NetworkAclId } = await create()
  await add(NetworkAclId)
  expect(await refusal(add(NetworkAclId))).toBe(
    'NetworkAclEntryAlreadyExists: The network acl entry identified by 100 already exists.',
  )
  expect(await refusal(add('acl-00000000'))).toMatch(/^InvalidNetworkAclID.NotFound/)
  for (const over of [
    { RuleNumber: 32767 },
    { RuleNumber: 0 },
    { Protocol: '300' },
    { RuleAction: 'perhaps' },
    { CidrBlock: '10.0.0.0' },
    { PortRange: { From: 9, To: 8 } },
  ])
    expect(await refusal(add(NetworkAclId, { RuleNumber: 7, ...over }))).toMatch(/^InvalidParameterValue/)
  for (const over of [{ PortRange: undefined }, { CidrBlock: undefined }, { Protocol: '1' }])
    expect(await refusal(add(NetworkAclId, { RuleNumber: 7, ...over }))).toMatch(/^MissingParameter/)
  for (let n = 1; n < 20; n++) await add(NetworkAclId, { RuleNumber: n })
  expect(await refusal(add(NetworkAclId, { RuleNumber: 50 }))).toMatch(/^NetworkAclEntryLimitExceeded/)
})

test('a subnet has the ACL that its association was given last, and the hosts know it', async () => {
  await client.send(new RunInstancesCommand({ ImageId: tinyImage, MinCount: 1, MaxCount: 1 }))
  expect(await told()).toEqual([])
  const before = await theDefault()
  const { NetworkAclId } = await create()
  await add(NetworkAclId)
  await replaceAll(before, NetworkAclId)
  const [shown] = await acls({ NetworkAclIds: [NetworkAclId] })
  expect(shown?.Associations).toHaveLength(3)
  expect(shown?.Associations?.[0]?.NetworkAclAssociationId).not.toBe(before.Associations?.[0]?.NetworkAclAssociationId)
  expect((await theDefault()).Associations).toEqual([])
  expect(await told()).toEqual([
    { direction: 'ingress', action: 'allow', protocol: 6, range: { from: 443, to: 443 }, cidr: '10.0.0.0/8' },
  ])
  const remove = (id: string | undefined) => client.send(new DeleteNetworkAclCommand({ NetworkAclId: id }))
  expect(await refusal(remove(NetworkAclId))).toMatch(/^DependencyViolation/)
  expect(await refusal(remove(before.NetworkAclId))).toMatch(/^InvalidParameterValue: cannot delete default/)
  await replaceAll(shown!, before.NetworkAclId)
  await remove(NetworkAclId)
  expect(await told()).toEqual([])
  expect(await refusal(acls({ NetworkAclIds: [NetworkAclId] }))).toMatch(/^InvalidNetworkAclID.NotFound/)
})

test('an ACL that lets all of one version of IP pass is held against what it says of the other', async () => {
  const VpcId = (await theDefault()).VpcId!
  await client.send(new AssociateVpcCidrBlockCommand({ VpcId, AmazonProvidedIpv6CidrBlock: true }))
  await client.send(new RunInstancesCommand({ ImageId: tinyImage, MinCount: 1, MaxCount: 1 }))
  expect(await told()).toEqual([])
  const { NetworkAclId } = await theDefault()
  for (const [RuleNumber, left] of [
    [100, '::/0'],
    [101, '0.0.0.0/0'],
  ] as const) {
    const entries = [false, true].map((Egress) => ({ NetworkAclId, RuleNumber, Egress }))
    for (const it of entries) await client.send(new DeleteNetworkAclEntryCommand(it))
    expect((await told()).map((it) => it.cidr)).toEqual([left, left])
    const network = RuleNumber === 100 ? { CidrBlock: '0.0.0.0/0' } : { Ipv6CidrBlock: '::/0' }
    for (const it of entries)
      await client.send(new CreateNetworkAclEntryCommand({ ...it, Protocol: '-1', RuleAction: 'allow', ...network }))
    expect(await told()).toEqual([])
  }
})

test('the edge holds what goes through a NAT gateway against the ACL of its subnet', async () => {
  const { AllocationId } = await client.send(new AllocateAddressCommand({}))
  const { Subnets } = await client.send(new DescribeSubnetsCommand({}))
  const { SubnetId, CidrBlock: cidr } = Subnets![0]!
  const { NatGatewayId: id } = (await client.send(new CreateNatGatewayCommand({ SubnetId, AllocationId }))).NatGateway!
  const before = await theDefault()
  const { NetworkAclId: acl } = await create()
  await add(acl)
  expect(await edge()).toMatchObject([{ nats: [{ id }] }])
  expect(JSON.stringify(await edge())).not.toContain('acl-')
  const generations = await cloud.generations()
  await replaceAll(before, acl)
  expect(await edge()).toMatchObject([
    { nats: [{ id, boundary: { cidr, acl } }], acls: [{ id: acl, rules: [{ action: 'allow', protocol: 6 }] }] },
  ])
  expect((await cloud.generations())['edge']).toBeGreaterThan(generations['edge']!)
  const [shown] = await acls({ NetworkAclIds: [acl!] })
  await replaceAll({ Associations: shown!.Associations!.filter((it) => it.SubnetId === SubnetId) }, before.NetworkAclId)
  expect(JSON.stringify(await edge())).not.toContain('acl-')
})

test('an ACL belongs to its VPC, which goes with its default one but not with others', async () => {
  const { VpcId } = (await client.send(new CreateVpcCommand({ CidrBlock: '10.0.0.0/16' }))).Vpc!
  const { NetworkAclId } = (await client.send(new CreateNetworkAclCommand({ VpcId }))).NetworkAcl!
  const [association] = (await theDefaultOfOldVpc(VpcId!)).Associations ?? []
  const AssociationId = association?.NetworkAclAssociationId
  expect(await refusal(client.send(new ReplaceNetworkAclAssociationCommand({ AssociationId, NetworkAclId })))).toMatch(
    /^InvalidParameterValue: networkAcl/,
  )
  expect(
    await refusal(client.send(new ReplaceNetworkAclAssociationCommand({ AssociationId: 'aclassoc-0', NetworkAclId }))),
  ).toMatch(/^InvalidAssociationID.NotFound/)
  expect(await refusal(client.send(new DeleteVpcCommand({ VpcId })))).toMatch(/^DependencyViolation/)
  await client.send(new DeleteNetworkAclCommand({ NetworkAclId }))
  await client.send(new DeleteVpcCommand({ VpcId }))
  expect(await acls({ Filters: [{ Name: 'vpc-id', Values: [VpcId!] }] })).toEqual([])
})

const theDefaultOfOldVpc = async (other: string) =>
  (await acls({ Filters: [{ Name: 'default', Values: ['true'] }] })).find((it) => it.VpcId !== other)!

async function specs() {
  const hosts = Object.keys(await cloud.generations())
  return cloud.store.read((reader) => specsFrom(testCloud)(reader, hosts))
}

const edge = async () => (await specs()).find((it) => it.edge)?.edge?.networks

/** The rules of all ACLs that hosts are told. */
async function told() {
  return (await specs()).flatMap((it) => it.routers.flatMap(({ acls = [] }) => acls.flatMap(({ rules }) => rules)))
}
