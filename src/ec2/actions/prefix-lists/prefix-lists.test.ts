import {
  AuthorizeSecurityGroupIngressCommand,
  CreateManagedPrefixListCommand,
  CreateSecurityGroupCommand,
  DeleteManagedPrefixListCommand,
  DescribeManagedPrefixListsCommand,
  DescribePrefixListsCommand,
  DescribeSecurityGroupsCommand,
  type EC2Client,
  GetManagedPrefixListAssociationsCommand,
  GetManagedPrefixListEntriesCommand,
  GetSecurityGroupsForVpcCommand,
  ModifyManagedPrefixListCommand,
  RestoreManagedPrefixListVersionCommand,
  RunInstancesCommand,
} from '@aws-sdk/client-ec2'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { specsFrom } from '../../../control/hosts/host-spec.ts'
import { alice, bob, refusal, TestCloud, testCloud, tinyImage } from '../../testing.ts'

let cloud: TestCloud
let client: EC2Client
beforeEach(async () => {
  cloud = await TestCloud.open()
  client = cloud.client()
})
afterEach(() => cloud[Symbol.asyncDispose]())

const offices = [{ Cidr: '10.1.2.3/16', Description: 'north' }, { Cidr: '192.0.2.0/24' }]
const create = async (more = {}) => {
  const input = { PrefixListName: 'offices', AddressFamily: 'IPv4', MaxEntries: 10, Entries: offices, ...more }
  return (await client.send(new CreateManagedPrefixListCommand(input))).PrefixList!
}
const modify = (PrefixListId: string, more: object) =>
  client.send(new ModifyManagedPrefixListCommand({ PrefixListId, ...more }))
const entries = async (PrefixListId: string, TargetVersion?: number) => {
  const answer = await client.send(new GetManagedPrefixListEntriesCommand({ PrefixListId, TargetVersion }))
  return (answer.Entries ?? []).map((it) => it.Cidr)
}
const group = async (GroupName = 'web') =>
  (await client.send(new CreateSecurityGroupCommand({ GroupName, Description: 'web' }))).GroupId!
const allow = (GroupId: string, PrefixListId: string) => {
  const rule = { IpProtocol: 'tcp', FromPort: 22, ToPort: 22, PrefixListIds: [{ PrefixListId }] }
  return client.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions: [rule] }))
}

test('a list is made with entries and tags, and is seen by its account alone', async () => {
  const TagSpecifications = [{ ResourceType: 'prefix-list' as const, Tags: [{ Key: 'Name', Value: 'ours' }] }]
  const made = await create({ TagSpecifications })
  expect(made).toMatchObject({ State: 'create-complete', Version: 1, MaxEntries: 10, OwnerId: '111122223333' })
  const seen = async (account = alice) => {
    const { PrefixLists } = await cloud.client(account).send(new DescribeManagedPrefixListsCommand({}))
    return PrefixLists!.filter((it) => it.OwnerId !== 'AWS')
  }
  expect(await seen()).toEqual([{ ...made, Tags: [{ Key: 'Name', Value: 'ours' }] }])
  expect(await entries(made.PrefixListId!)).toEqual(['10.1.0.0/16', '192.0.2.0/24'])
  expect(await seen(bob)).toEqual([])
  const { PrefixLists } = await client.send(new DescribePrefixListsCommand({ PrefixListIds: [] }))
  expect(PrefixLists!.map((it) => it.PrefixListId)).not.toContain(made.PrefixListId)
})

test('each change of entries is a version, which can be read and restored', async () => {
  const id = (await create()).PrefixListId!
  const change = { AddEntries: [{ Cidr: '198.51.100.0/24' }], RemoveEntries: [{ Cidr: '192.0.2.0/24' }] }
  expect((await modify(id, { ...change, CurrentVersion: 1 })).PrefixList).toMatchObject({
    Version: 2,
    State: 'modify-complete',
  })
  expect(await entries(id)).toEqual(['10.1.0.0/16', '198.51.100.0/24'])
  expect(await entries(id, 1)).toEqual(['10.1.0.0/16', '192.0.2.0/24'])
  await client.send(
    new RestoreManagedPrefixListVersionCommand({ PrefixListId: id, CurrentVersion: 2, PreviousVersion: 1 }),
  )
  expect(await entries(id)).toEqual(['10.1.0.0/16', '192.0.2.0/24'])
  expect((await modify(id, { PrefixListName: 'all' })).PrefixList).toMatchObject({ Version: 3, PrefixListName: 'all' })
})

test('what does not fit is refused', async () => {
  const id = (await create({ MaxEntries: 2 })).PrefixListId!
  const more = { AddEntries: [{ Cidr: '198.51.100.0/24' }] }
  expect(await refusal(modify(id, { ...more, CurrentVersion: 7 }))).toMatch(/^PrefixListVersionMismatch/)
  expect(await refusal(modify(id, { ...more, CurrentVersion: 1 }))).toMatch(/^PrefixListMaxEntriesExceeded/)
  expect(await refusal(modify(id, more))).toMatch(/^MissingParameter/)
  expect(await refusal(modify(id, { ...more, CurrentVersion: 1, MaxEntries: 5 }))).toMatch(/^InvalidParameterComb/)
  expect(await refusal(modify(id, { RemoveEntries: more.AddEntries, CurrentVersion: 1 }))).toMatch(/^InvalidParam/)
  expect(await refusal(modify(id, { MaxEntries: 1 }))).toMatch(/^PrefixListMaxEntriesExceeded/)
  expect(await refusal(modify('pl-00000000', { MaxEntries: 1 }))).toBe(
    "InvalidPrefixListID.NotFound: The prefix list ID 'pl-00000000' does not exist",
  )
  expect(await refusal(create({ AddressFamily: 'IPX' }))).toMatch(/^InvalidParameterValue/)
  expect(await refusal(create({ PrefixListName: 'com.amazonaws.mine' }))).toMatch(/^InvalidParameterValue/)
  expect(await refusal(create({ AddressFamily: 'IPv6' }))).toMatch(/^InvalidParameterValue: CIDR block/)
  expect(await refusal(create({ Entries: [{ Cidr: '10.0.0.0/8' }, { Cidr: '10.1.0.0/8' }] }))).toMatch(/^InvalidParam/)
  expect(await entries(id)).toHaveLength(2)
})

test('a rule that names a list lets in what the list holds, at once and on every host', async () => {
  const id = (await create()).PrefixListId!
  const GroupId = await group()
  await allow(GroupId, id)
  await client.send(
    new RunInstancesCommand({ ImageId: tinyImage, MinCount: 1, MaxCount: 1, SecurityGroupIds: [GroupId] }),
  )
  expect(await networksLetIn(GroupId)).toEqual(['10.1.0.0/16', '192.0.2.0/24'])
  const before = await cloud.generations()
  await modify(id, { RemoveEntries: [{ Cidr: '192.0.2.0/24' }], CurrentVersion: 1 })
  expect(await networksLetIn(GroupId)).toEqual(['10.1.0.0/16'])
  expect(await cloud.generations()).not.toEqual(before)
  const [shown] = (await client.send(new DescribeSecurityGroupsCommand({ GroupIds: [GroupId] }))).SecurityGroups ?? []
  expect(shown?.IpPermissions?.[0]?.PrefixListIds).toEqual([{ PrefixListId: id }])
})

test('a list that a rule names stays, and counts for as many rules as it has room', async () => {
  const id = (await create({ MaxEntries: 60 })).PrefixListId!
  const GroupId = await group()
  expect(await refusal(allow(GroupId, 'pl-00000000'))).toMatch(/^InvalidPrefixListID.NotFound/)
  await allow(GroupId, id)
  expect(await refusal(allow(GroupId, id))).toMatch(/^InvalidPermission.Duplicate/)
  expect(await refusal(allow(GroupId, (await create()).PrefixListId!))).toMatch(/^RulesPerSecurityGroupLimitExceeded/)
  expect(await refusal(modify(id, { MaxEntries: 61 }))).toMatch(/^RulesPerSecurityGroupLimitExceeded/)
  const associations = await client.send(new GetManagedPrefixListAssociationsCommand({ PrefixListId: id }))
  expect(associations.PrefixListAssociations).toEqual([{ ResourceId: GroupId, ResourceOwner: '111122223333' }])
  const remove = () => client.send(new DeleteManagedPrefixListCommand({ PrefixListId: id }))
  expect(await refusal(remove())).toMatch(/^DependencyViolation/)
  const unused = (await create()).PrefixListId!
  await client.send(new DeleteManagedPrefixListCommand({ PrefixListId: unused }))
  expect(await refusal(entries(unused))).toMatch(/^InvalidPrefixListID.NotFound/)
})

test('the groups for a VPC are its own', async () => {
  const GroupId = await group('db')
  const [made] = (await client.send(new DescribeSecurityGroupsCommand({ GroupIds: [GroupId] }))).SecurityGroups ?? []
  const { SecurityGroupForVpcs } = await client.send(new GetSecurityGroupsForVpcCommand({ VpcId: made?.VpcId }))
  expect(SecurityGroupForVpcs?.map((it) => it.GroupName).sort()).toEqual(['db', 'default'])
  expect(await refusal(client.send(new GetSecurityGroupsForVpcCommand({ VpcId: 'vpc-00000000' })))).toMatch(
    /^InvalidVpcID.NotFound/,
  )
})

async function networksLetIn(group: string): Promise<string[]> {
  const hosts = Object.keys(await cloud.generations())
  const specs = await cloud.store.read((reader) => specsFrom(testCloud)(reader, hosts))
  const groups = specs.flatMap((it) => it.routers.flatMap((router) => router.groups)).filter((it) => it.id === group)
  const rules = groups.flatMap((it) => it.rules).filter((it) => it.direction === 'ingress')
  return rules.flatMap(({ peer }) => ('cidr' in peer ? [peer.cidr] : []))
}
