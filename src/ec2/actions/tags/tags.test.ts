import {
  CreateSecurityGroupCommand,
  CreateTagsCommand,
  DeleteTagsCommand,
  DescribeInstancesCommand,
  DescribeSecurityGroupsCommand,
  DescribeTagsCommand,
  type EC2Client,
  paginateDescribeTags,
  RunInstancesCommand,
  type Tag,
} from '@aws-sdk/client-ec2'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { bob, refusal, TestCloud, tinyImage } from '../../testing.ts'

let cloud: TestCloud
let client: EC2Client
let group: string
beforeEach(async () => {
  cloud = await TestCloud.open()
  client = cloud.client()
  group = (await client.send(new CreateSecurityGroupCommand({ GroupName: 'web', Description: 'web' }))).GroupId!
})
afterEach(() => cloud[Symbol.asyncDispose]())

const put = (Tags: Tag[], ...Resources: string[]) =>
  client.send(new CreateTagsCommand({ Resources: Resources.length ? Resources : [group], Tags }))
const take = (Tags: Tag[] | undefined) => client.send(new DeleteTagsCommand({ Resources: [group], Tags }))
const tags = async (input = {}) => (await client.send(new DescribeTagsCommand(input))).Tags ?? []
const pairs = async () => (await tags()).map((it) => `${it.Key}=${it.Value}`)

test('tags are put on several resources, replaced, and shown by them and by themselves', async () => {
  const [vpc] = (await client.send(new DescribeSecurityGroupsCommand({ GroupIds: [group] }))).SecurityGroups!.map(
    (it) => it.VpcId!,
  )
  await put(
    [
      { Key: 'Name', Value: 'one' },
      { Key: 'empty', Value: '' },
    ],
    group,
    vpc!,
  )
  await put([{ Key: 'Name', Value: 'two 🌍 "<&>"' }])
  expect(await tags({ Filters: [{ Name: 'resource-id', Values: [group] }] })).toEqual([
    { ResourceId: group, ResourceType: 'security-group', Key: 'Name', Value: 'two 🌍 "<&>"' },
    { ResourceId: group, ResourceType: 'security-group', Key: 'empty', Value: '' },
  ])
  expect((await tags()).map((it) => it.ResourceType)).toEqual(expect.arrayContaining(['security-group', 'vpc']))
})

test.each<[string, Tag[] | undefined, string[]]>([
  ['by key', [{ Key: 'a' }], ['b=2', 'c=']],
  [
    'by key and value',
    [
      { Key: 'a', Value: '1' },
      { Key: 'b', Value: 'other' },
    ],
    ['b=2', 'c='],
  ],
  [
    'where they are empty',
    [
      { Key: 'a', Value: '' },
      { Key: 'c', Value: '' },
    ],
    ['a=1', 'b=2'],
  ],
  ['that are not there', [{ Key: 'z' }], ['a=1', 'b=2', 'c=']],
  ['all at once', undefined, []],
])('tags are deleted %s', async (_, unwanted, left) => {
  await put([
    { Key: 'a', Value: '1' },
    { Key: 'b', Value: '2' },
    { Key: 'c', Value: '' },
  ])
  await take(unwanted)
  expect(await pairs()).toEqual(left)
})

test.each<[string, Tag[], string[] | undefined, RegExp]>([
  ['an id that is none', [{ Key: 'a' }], ['web'], /^InvalidID: The ID 'web' is not valid$/],
  ['a kind that has no tags', [{ Key: 'a' }], ['eni-attach-00000000'], /^InvalidID/],
  ['an unknown image', [{ Key: 'a' }], ['ami-00000000'], /^InvalidAMIID.NotFound/],
  ['an unknown key pair', [{ Key: 'a' }], ['key-00000000'], /^InvalidKeyPair.NotFound/],
  ['no tag', [], undefined, /^MissingParameter/],
  ['an empty key', [{ Key: '' }], undefined, /^InvalidParameterValue/],
  ['a key of 129', [{ Key: 'k'.repeat(129) }], undefined, /^InvalidParameterValue/],
  ['a value of 257', [{ Key: 'k', Value: 'v'.repeat(257) }], undefined, /^InvalidParameterValue/],
  ['a key of AWS', [{ Key: 'AWS:x' }], undefined, /^InvalidParameterValue/],
  ['a key twice', [{ Key: 'a' }, { Key: 'a' }], undefined, /^InvalidParameterValue/],
])('%s is refused, and nothing has tags', async (_, wanted, resources, words) => {
  expect(await refusal(put(wanted, ...(resources ? [group, ...resources] : [])))).toMatch(words)
  expect(await tags()).toEqual([])
})

test('the 51st tag is refused, however they come', async () => {
  const many = (from: number, count: number) =>
    Array.from({ length: count }, (_, index) => ({ Key: `k${from + index}`, Value: '' }))
  expect(await refusal(put(many(0, 51)))).toMatch(/^TagLimitExceeded/)
  await put(many(0, 50))
  await put(many(0, 50))
  expect(await refusal(put(many(50, 1)))).toMatch(/^TagLimitExceeded/)
  expect(await tags()).toHaveLength(50)
})

test('keys that JavaScript has a use for are keys like others', async () => {
  const keys = ['__proto__', 'constructor', 'toString', 'hasOwnProperty']
  await put(keys.map((Key) => ({ Key, Value: `of ${Key}` })))
  const { SecurityGroups } = await client.send(
    new DescribeSecurityGroupsCommand({ Filters: [{ Name: 'tag:__proto__', Values: ['of*'] }] }),
  )
  expect(SecurityGroups?.[0]?.Tags?.map((it) => it.Key).sort()).toEqual(keys.toSorted())
  expect(await tags({ Filters: [{ Name: 'tag:constructor', Values: ['of*'] }] })).toHaveLength(1)
})

test('resources of another account have no tags for me', async () => {
  expect(
    await refusal(
      cloud.client(bob).send(new CreateTagsCommand({ Resources: [group], Tags: [{ Key: 'a', Value: '' }] })),
    ),
  ).toMatch(/^InvalidGroup.NotFound/)
  await put([{ Key: 'a', Value: '1' }])
  expect((await cloud.client(bob).send(new DescribeTagsCommand({}))).Tags).toEqual([])
})

test.each([
  ['key', 'a'],
  ['value', '?'],
  ['resource-type', 'security-*'],
  ['tag:a', '1'],
  ['tag-key', 'a'],
  ['tag-value', '1'],
])('tags are filtered by %s', async (Name, value) => {
  await put([{ Key: 'a', Value: '1' }])
  expect(await tags({ Filters: [{ Name, Values: [value] }] })).toHaveLength(1)
  expect(await tags({ Filters: [{ Name, Values: ['other'] }] })).toEqual([])
})

test('tags come in pages', async () => {
  const many = Array.from({ length: 12 }, (_, index) => ({ Key: `k${index}`, Value: '' }))
  await put(many)
  const found: (string | undefined)[] = []
  for await (const page of paginateDescribeTags({ client, pageSize: 5 }, {}))
    found.push(...(page.Tags ?? []).map((it) => it.Key))
  expect(found.sort()).toEqual(many.map((it) => it.Key).sort())
})

test('the guests that see their tags are told by their hosts', async () => {
  const run = async (InstanceMetadataTags: 'enabled' | 'disabled') => {
    const MetadataOptions = { InstanceMetadataTags }
    return (
      await client.send(new RunInstancesCommand({ ImageId: tinyImage, MinCount: 1, MaxCount: 1, MetadataOptions }))
    ).Instances![0]!.InstanceId!
  }
  const [shown, hidden] = [await run('enabled'), await run('disabled')]
  const total = async () => Object.values(await cloud.generations()).reduce((sum, it) => sum + it, 0)
  const before = await total()
  await put([{ Key: 'a b', Value: '' }], hidden)
  expect(await total()).toBe(before)
  await put([{ Key: 'a', Value: '' }], shown)
  expect(await total()).toBe(before + 1)
  expect(await refusal(put([{ Key: 'a b', Value: '' }], shown))).toMatch(
    /^InvalidParameterValue: 'a b' is not a valid tag key/,
  )
  const { Reservations } = await client.send(
    new DescribeInstancesCommand({ Filters: [{ Name: 'tag:a b', Values: [''] }] }),
  )
  expect(Reservations).toHaveLength(1)
})
