/** Random but well-formed requests to every action of EC2: each is answered or refused, and what is refused leaves no trace. */
import * as ec2 from '@aws-sdk/client-ec2'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ec2Actions } from '../../src/ec2/index.ts'
import { TestCloud, tinyImage } from '../../src/ec2/testing.ts'
import { anyOf, type Dice, diceOf } from '../contract/codec-values.ts'

const rounds = 15

let cloud: TestCloud
/** What exists: texts that requests name by the end of a member's name. */
let known: Readonly<Record<string, readonly string[]>>

beforeAll(async () => {
  cloud = await TestCloud.open()
  const client = cloud.client()
  await client.send(new ec2.CreateKeyPairCommand({ KeyName: 'testkey', KeyType: 'ed25519' }))
  const run = { ImageId: tinyImage, MinCount: 3, MaxCount: 3, KeyName: 'testkey' }
  const { Instances = [] } = await client.send(new ec2.RunInstancesCommand(run))
  await cloud.run(Instances[0]!.InstanceId!)
  await cloud.end(Instances[1]!.InstanceId!)
  const { SecurityGroups = [] } = await client.send(new ec2.DescribeSecurityGroupsCommand({}))
  const { SecurityGroupRules = [] } = await client.send(new ec2.DescribeSecurityGroupRulesCommand({}))
  const instances = Instances.map((it) => it.InstanceId!)
  const [group, rule] = [
    SecurityGroups.map((it) => it.GroupId!),
    SecurityGroupRules.map((it) => it.SecurityGroupRuleId!),
  ]
  known = {
    ...{ InstanceId: instances, InstanceIds: instances, ImageId: [tinyImage], ImageIds: [tinyImage] },
    ...{
      KeyName: ['testkey'],
      KeyNames: ['testkey'],
      GroupName: ['default', 'web'],
      GroupNames: ['default'],
      Description: ['text'],
    },
    ...{ GroupId: group, GroupIds: group, Groups: group, SecurityGroupIds: group, ReferencedGroupId: group },
    ...{ SecurityGroupRuleId: rule, SecurityGroupRuleIds: rule, Resources: [...instances, ...group, ...rule] },
    ...{ IpProtocol: ['tcp', '-1', 'icmp', '50'], CidrIp: ['10.0.0.0/8'], CidrIpv4: ['0.0.0.0/0'], CidrIpv6: ['::/0'] },
    ...{
      InstanceType: ['m1.small'],
      SubnetId: [Instances[0]!.SubnetId!],
      VpcId: [Instances[0]!.VpcId!],
      VpcIds: [Instances[0]!.VpcId!],
    },
    ...{ Attribute: ['userData', 'groupSet', 'sourceDestCheck', 'disableApiStop', 'enableDnsSupport'] },
  }
})
afterAll(() => cloud[Symbol.asyncDispose]())

test.each(ec2Actions.map((it) => it.name))('%s', async (name) => {
  for (let seed = 0; seed < rounds; seed++) {
    const dice = diceOf(seed * 1000 + name.length)
    const input = likely(anyOf(inputOf(name), { dice, full: seed === 0, request: true }), dice)
    const before = await traces()
    const refused = await send(name, input as object)
    if (refused) expect(await traces(), `${name} ${JSON.stringify(input)}: ${refused}`).toEqual(before)
  }
})

/** The refusal, if it was one. Anything but a refusal or an answer is thrown. */
async function send(name: string, input: object): Promise<string | undefined> {
  const Command = (ec2 as unknown as Record<string, new (input: object) => object>)[`${name}Command`]!
  try {
    await cloud.client().send(new Command(input) as never)
    return undefined
  } catch (error) {
    if (error instanceof ec2.EC2ServiceException) return error.name
    throw new Error(`${name} ${JSON.stringify(input)}`, { cause: error })
  }
}

function inputOf(name: string): unknown {
  const schemas = Object.values(ec2 as Record<string, unknown>).filter(
    (it): it is unknown[] => Array.isArray(it) && it[0] === 9,
  )
  const input = schemas.find((it) => it[2] === name)?.[4]
  return typeof input === 'function' ? input() : input
}

/** `value` with texts that mean something here in most places where there are any. */
function likely(value: unknown, dice: Dice, name = ''): unknown {
  if (Array.isArray(value)) return value.map((it) => likely(it, dice, name))
  if (typeof value === 'string') return dice(8) > 0 ? (known[name]?.[dice(known[name].length)] ?? value) : value
  if (typeof value === 'number') return dice(2) === 0 ? dice(100) : value
  if (typeof value !== 'object' || value === null || value instanceof Date || value instanceof Uint8Array) return value
  return Object.fromEntries(Object.entries(value).map(([key, it]) => [key, likely(it, dice, key)]))
}

const tables = [
  'instances',
  'interfaces',
  'interfaceGroups',
  'securityGroups',
  'securityGroupRules',
  'keyPairs',
  'tags',
  'clientTokens',
  'strands',
  'hosts',
] as const

/** All rows that an action may change. */
function traces(): Promise<unknown[]> {
  return cloud.store.read((reader) => Promise.all(tables.map((it) => reader.db.selectFrom(it).selectAll().execute())))
}
