import {
  AuthorizeSecurityGroupEgressCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  DeleteSecurityGroupCommand,
  DescribeSecurityGroupRulesCommand,
  DescribeSecurityGroupsCommand,
  DescribeTagsCommand,
  type EC2Client,
  type IpPermission,
  ModifySecurityGroupRulesCommand,
  RevokeSecurityGroupEgressCommand,
  RevokeSecurityGroupIngressCommand,
  RunInstancesCommand,
  UpdateSecurityGroupRuleDescriptionsIngressCommand,
} from '@aws-sdk/client-ec2'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Guests } from '../../../control/hosts/guests.ts'
import { groupSpecs } from '../../../control/security-groups/group-specs.ts'
import type { GroupId } from '../../../model/ids.ts'
import { bob, refusal, TestCloud, tinyImage } from '../../testing.ts'

let cloud: TestCloud
let client: EC2Client
beforeEach(async () => {
  cloud = await TestCloud.open()
  client = cloud.client()
})
afterEach(() => cloud[Symbol.asyncDispose]())

const ssh: IpPermission = {
  IpProtocol: 'tcp',
  FromPort: 22,
  ToPort: 22,
  IpRanges: [{ CidrIp: '0.0.0.0/0', Description: 'ssh' }],
}
const groups = async (input = {}) => (await client.send(new DescribeSecurityGroupsCommand(input))).SecurityGroups ?? []
const group = async (input = {}) => (await groups(input))[0]!
const create = async (GroupName = 'web', more = {}) =>
  (await client.send(new CreateSecurityGroupCommand({ GroupName, Description: 'web servers', ...more }))).GroupId!
const allow = (GroupId: string, ...IpPermissions: IpPermission[]) =>
  client.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions }))

describe('groups', () => {
  test('a VPC has a default group whose members reach each other and everything else', async () => {
    const it = await group({ GroupNames: ['default'] })
    expect(it.IpPermissions).toMatchObject([
      { IpProtocol: '-1', UserIdGroupPairs: [{ GroupId: it.GroupId, UserId: '111122223333' }] },
    ])
    expect(it.IpPermissionsEgress).toMatchObject([{ IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }] }])
    expect(it.SecurityGroupArn).toBe(`arn:aws:ec2:us-west-2:111122223333:security-group/${it.GroupId}`)
  })

  test('a new group lets everything out and nothing in, and has its tags at once', async () => {
    const TagSpecifications = [{ ResourceType: 'security-group' as const, Tags: [{ Key: 'Name', Value: 'Web 🌍' }] }]
    const GroupId = await create('web', { TagSpecifications })
    expect(await group({ GroupIds: [GroupId] })).toMatchObject({
      ...{ GroupName: 'web', Description: 'web servers', Tags: [{ Key: 'Name', Value: 'Web 🌍' }], IpPermissions: [] },
      IpPermissionsEgress: [{ IpProtocol: '-1' }],
    })
    expect(await groups({ Filters: [{ Name: 'tag:Name', Values: ['Web*'] }] })).toHaveLength(1)
  })

  test.each([
    ['default', 'InvalidParameterValue: Cannot use reserved security group name: default'],
    [
      'sg-web',
      'InvalidParameterValue: Value (sg-web) for parameter GroupName is invalid. Group names may not be in the format sg-*.',
    ],
    [
      'wéb',
      'InvalidParameterValue: Value (wéb) for parameter GroupName is invalid. Character sets beyond ASCII are not supported.',
    ],
    ['we"b', /^InvalidParameterValue: Invalid security group name/],
    ['w'.repeat(256), /^InvalidParameterValue: Invalid security group name/],
    ['taken', /^InvalidGroup.Duplicate: The security group 'taken' already exists for VPC 'vpc-[0-9a-f]{17}'$/],
    ['taken  ', /^InvalidGroup.Duplicate/],
    ['', 'MissingParameter: The request must contain the parameter groupName'],
  ])('the name %j is refused', async (name, told) => {
    await create('taken')
    expect(await refusal(create(name))).toEqual(typeof told === 'string' ? told : expect.stringMatching(told))
  })

  test('a name may have blanks and punctuation', async () => {
    await create('my group (1) #2_[x]; {a}=b!$*')
    expect(await groups({ GroupNames: ['my group (1) #2_[x]; {a}=b!$*'] })).toHaveLength(1)
  })

  test('old clients that take no notice of VPCs make and delete groups by name', async () => {
    const made = await cloud.ask('CreateSecurityGroup', { GroupName: 'cs290b', GroupDescription: 'rich-test-group' })
    expect(made).toMatch(/<groupId>sg-[0-9a-f]{17}<\/groupId>/)
    const opened = { GroupName: 'cs290b', IpProtocol: 'tcp', FromPort: '22', ToPort: '22', CidrIp: '0.0.0.0/0' }
    expect(await cloud.ask('AuthorizeSecurityGroupIngress', opened)).toContain('<return>true</return>')
    expect(await cloud.ask('DeleteSecurityGroup', { GroupName: 'cs290b' })).toContain('<return>true</return>')
    expect(await cloud.ask('DescribeSecurityGroups', { 'GroupName.1': 'cs290b' })).toContain('InvalidGroup.NotFound')
  })

  test('groups of another account do not exist', async () => {
    const GroupId = await create()
    expect(await refusal(cloud.client(bob).send(new DescribeSecurityGroupsCommand({ GroupIds: [GroupId] })))).toBe(
      `InvalidGroup.NotFound: The security group '${GroupId}' does not exist`,
    )
  })

  test('a group that is used is not deleted', async () => {
    const [used, referred] = [await create('used'), await create('referred')]
    await client.send(
      new RunInstancesCommand({ ImageId: tinyImage, MinCount: 1, MaxCount: 1, SecurityGroupIds: [used] }),
    )
    await allow(used, { ...ssh, IpRanges: [], UserIdGroupPairs: [{ GroupId: referred }] })
    const remove = (GroupId: string | undefined) => client.send(new DeleteSecurityGroupCommand({ GroupId }))
    expect(await refusal(remove(used))).toBe(`DependencyViolation: resource ${used} has a dependent object`)
    expect(await refusal(remove(referred))).toBe(`DependencyViolation: resource ${referred} has a dependent object`)
    const { GroupId } = await group({ GroupNames: ['default'] })
    expect(await refusal(remove(GroupId))).toBe(
      `CannotDelete: the specified group: "${GroupId}" name: "default" cannot be deleted by a user`,
    )
    expect(await refusal(remove('sg-x'))).toMatch(/^InvalidGroupId.Malformed/)
    expect(await refusal(remove(undefined))).toMatch(/^MissingParameter/)
  })

  test('a group that refers to itself is deleted, with the tags of its rules', async () => {
    const GroupId = await create()
    const TagSpecifications = [{ ResourceType: 'security-group-rule' as const, Tags: [{ Key: 'a', Value: 'b' }] }]
    const itself = { ...ssh, IpRanges: [], UserIdGroupPairs: [{ GroupId }] }
    await client.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions: [itself], TagSpecifications }))
    expect((await client.send(new DeleteSecurityGroupCommand({ GroupId }))).Return).toBe(true)
    expect((await client.send(new DescribeTagsCommand({}))).Tags).toEqual([])
  })
})

describe('rules', () => {
  test('a rule is answered, shown in the group and by itself, and sent to the hosts of the VPC’s guests', async () => {
    await client.send(new RunInstancesCommand({ ImageId: tinyImage, MinCount: 1, MaxCount: 1 }))
    const GroupId = await create()
    const before = await cloud.generations()
    const [made] = (await allow(GroupId, ssh)).SecurityGroupRules ?? []
    const after = await cloud.generations()
    const grown = Object.keys(after).filter((host) => after[host]! > before[host]!)
    expect(grown).toHaveLength(1)
    expect(grown).not.toContain('edge')
    expect((await group({ GroupIds: [GroupId] })).IpPermissions).toMatchObject([ssh])
    const shown = await client.send(
      new DescribeSecurityGroupRulesCommand({ Filters: [{ Name: 'group-id', Values: [GroupId] }] }),
    )
    expect(shown.SecurityGroupRules).toContainEqual(made)
    expect(made).toMatchObject({ IsEgress: false, CidrIpv4: '0.0.0.0/0', FromPort: 22, Description: 'ssh', GroupId })
  })

  test.each<[string, Partial<IpPermission>, string | RegExp]>([
    [
      'twice',
      {},
      'InvalidPermission.Duplicate: the specified rule "peer: 0.0.0.0/0, TCP, from port: 22, to port: 22, ALLOW" already exists',
    ],
    ['with ports the wrong way round', { FromPort: 23 }, /^InvalidParameterValue/],
    ['with a fraction of a port', { FromPort: 21.5 }, /^InvalidParameterValue/],
    [
      'for a group that is not there',
      { UserIdGroupPairs: [{ GroupId: 'sg-00000000' }] },
      "InvalidGroup.NotFound: The security group 'sg-00000000' does not exist",
    ],
    [
      'for a name that is not there',
      { UserIdGroupPairs: [{ GroupName: 'nobody' }] },
      /^InvalidGroup.NotFound: The security group 'nobody' does not exist in VPC/,
    ],
    [
      'for a network with 33 bits',
      { IpRanges: [{ CidrIp: '10.0.0.0/33' }] },
      /^InvalidParameterValue: CIDR block 10.0.0.0\/33 is malformed/,
    ],
  ])('a rule %s is refused, and changes nothing', async (_, change, told) => {
    const GroupId = await create()
    await allow(GroupId, ssh)
    const before = await group({ GroupIds: [GroupId] })
    expect(await refusal(allow(GroupId, { ...ssh, ...change }))).toEqual(
      typeof told === 'string' ? told : expect.stringMatching(told),
    )
    expect(await group({ GroupIds: [GroupId] })).toEqual(before)
  })

  test('the 61st rule of a direction is refused', async () => {
    const GroupId = await create()
    const port = (it: number): IpPermission => ({ ...ssh, FromPort: it, ToPort: it })
    await allow(GroupId, ...Array.from({ length: 60 }, (_, index) => port(index)))
    expect(await refusal(allow(GroupId, port(60)))).toMatch(/^RulesPerSecurityGroupLimitExceeded/)
  })

  test('rules are revoked by what they say, by id, and in flat parameters', async () => {
    const GroupId = await create()
    const https = { ...ssh, FromPort: 443, ToPort: 443 }
    const made = (await allow(GroupId, ssh, https, { ...ssh, FromPort: 80, ToPort: 80 })).SecurityGroupRules!
    const first = await client.send(new RevokeSecurityGroupIngressCommand({ GroupId, IpPermissions: [ssh] }))
    expect(first.RevokedSecurityGroupRules).toMatchObject([
      { SecurityGroupRuleId: made[0]!.SecurityGroupRuleId, CidrIpv4: '0.0.0.0/0' },
    ])
    await client.send(
      new RevokeSecurityGroupIngressCommand({ GroupId, SecurityGroupRuleIds: [made[1]!.SecurityGroupRuleId!] }),
    )
    await client.send(
      new RevokeSecurityGroupIngressCommand({
        GroupId,
        IpProtocol: 'tcp',
        FromPort: 80,
        ToPort: 80,
        CidrIp: '0.0.0.0/0',
      }),
    )
    expect((await group({ GroupIds: [GroupId] })).IpPermissions).toEqual([])
  })

  test('what the group of a default VPC does not have is told, not refused', async () => {
    const GroupId = await create()
    const answer = await client.send(new RevokeSecurityGroupIngressCommand({ GroupId, IpPermissions: [ssh] }))
    expect(answer.UnknownIpPermissions).toMatchObject([{ FromPort: 22, IpRanges: [{ CidrIp: '0.0.0.0/0' }] }])
    await cloud.store.transact((tx) => tx.db.updateTable('vpcs').set({ isDefault: 0 }).execute())
    expect(await refusal(client.send(new RevokeSecurityGroupIngressCommand({ GroupId, IpPermissions: [ssh] })))).toBe(
      'InvalidPermission.NotFound: The specified rule does not exist in this security group.',
    )
  })

  test('an id of the other direction, or of another group, is not found', async () => {
    const [one, other] = [await create('one'), await create('other')]
    const id = (await allow(one, ssh)).SecurityGroupRules![0]!.SecurityGroupRuleId!
    const told = `InvalidSecurityGroupRuleId.NotFound: The security group rule ID '${id}' does not exist`
    const SecurityGroupRuleIds = [id]
    expect(
      await refusal(client.send(new RevokeSecurityGroupEgressCommand({ GroupId: one, SecurityGroupRuleIds }))),
    ).toBe(told)
    expect(
      await refusal(client.send(new RevokeSecurityGroupIngressCommand({ GroupId: other, SecurityGroupRuleIds }))),
    ).toBe(told)
  })

  test('egress has rules of its own', async () => {
    const GroupId = await create()
    const everything = { IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }] }
    await client.send(new RevokeSecurityGroupEgressCommand({ GroupId, IpPermissions: [everything] }))
    await client.send(new AuthorizeSecurityGroupEgressCommand({ GroupId, IpPermissions: [ssh] }))
    expect(await group({ GroupIds: [GroupId] })).toMatchObject({ IpPermissions: [], IpPermissionsEgress: [ssh] })
  })

  test('rules change, even places, and keep their ids', async () => {
    const GroupId = await create()
    const [a, b] = (await allow(GroupId, ssh, { ...ssh, FromPort: 80, ToPort: 80 })).SecurityGroupRules!
    const rule = (id: string | undefined, port: number) => ({
      SecurityGroupRuleId: id,
      SecurityGroupRule: { IpProtocol: 'tcp', FromPort: port, ToPort: port, CidrIpv4: '0.0.0.0/0' },
    })
    const modify = (...SecurityGroupRules: ReturnType<typeof rule>[]) =>
      client.send(new ModifySecurityGroupRulesCommand({ GroupId, SecurityGroupRules }))
    await modify(rule(a!.SecurityGroupRuleId, 80), rule(b!.SecurityGroupRuleId, 22))
    const SecurityGroupRuleIds = [a!.SecurityGroupRuleId!]
    const { SecurityGroupRules } = await client.send(new DescribeSecurityGroupRulesCommand({ SecurityGroupRuleIds }))
    expect(SecurityGroupRules).toMatchObject([{ FromPort: 80, ToPort: 80 }])
    expect(SecurityGroupRules![0]!.Description).toBeUndefined()
    expect(await refusal(modify(rule(a!.SecurityGroupRuleId, 22)))).toMatch(/^InvalidPermission.Duplicate/)
  })

  test('descriptions change by what a rule says, and by id', async () => {
    const GroupId = await create()
    const id = (await allow(GroupId, ssh)).SecurityGroupRules![0]!.SecurityGroupRuleId
    const describeAs = async (input: object) => {
      await client.send(new UpdateSecurityGroupRuleDescriptionsIngressCommand({ GroupId, ...input }))
      return (await group({ GroupIds: [GroupId] })).IpPermissions![0]!.IpRanges![0]!.Description
    }
    expect(
      await describeAs({ IpPermissions: [{ ...ssh, IpRanges: [{ CidrIp: '0.0.0.0/0', Description: 'new' }] }] }),
    ).toBe('new')
    expect(
      await describeAs({ SecurityGroupRuleDescriptions: [{ SecurityGroupRuleId: id, Description: 'newer' }] }),
    ).toBe('newer')
    expect(await describeAs({ SecurityGroupRuleDescriptions: [{ SecurityGroupRuleId: id }] })).toBeUndefined()
    const other = { IpPermissions: [{ ...ssh, FromPort: 1 }] }
    expect(await refusal(describeAs(other))).toMatch(/^InvalidPermission.NotFound/)
  })

  test.each([
    ['ip-permission.cidr', '0.0.0.0/0'],
    ['ip-permission.from-port', '22'],
    ['ip-permission.protocol', 'tcp'],
    ['ip-permission.group-name', 'default'],
    ['egress.ip-permission.cidr', '10.*'],
    ['description', 'web*'],
  ])('groups are filtered by %s', async (Name, value) => {
    const GroupId = await create()
    await allow(GroupId, ssh, {
      IpProtocol: 'icmp',
      FromPort: -1,
      ToPort: -1,
      UserIdGroupPairs: [{ GroupName: 'default' }],
    })
    const out = { IpProtocol: '-1', IpRanges: [{ CidrIp: '10.0.0.0/8' }] }
    await client.send(new AuthorizeSecurityGroupEgressCommand({ GroupId, IpPermissions: [out] }))
    const found = await groups({ Filters: [{ Name, Values: [value] }] })
    expect(found.map((it) => it.GroupId)).toContain(GroupId)
    expect(await groups({ Filters: [{ Name, Values: ['nothing'] }] })).toEqual([])
  })

  test('hosts get the members of groups that rules refer to, and their rules only if a guest is in them', async () => {
    const [front, back] = [await create('front'), await create('back')]
    const run = async (SecurityGroupIds: string[]) =>
      (await client.send(new RunInstancesCommand({ ImageId: tinyImage, MinCount: 1, MaxCount: 1, SecurityGroupIds })))
        .Instances![0]!
    const [web] = [await run([front]), await run([back])]
    await allow(back, { ...ssh, IpRanges: [], UserIdGroupPairs: [{ GroupId: front }] })
    const specs = await cloud.store.read(async (reader) =>
      groupSpecs(reader, { guests: await Guests.read(reader), rules: new Map() }, [{ groups: [back as GroupId] }]),
    )
    expect(specs.find((it) => it.id === front)).toEqual({ id: front, rules: [], members: [web!.PrivateIpAddress] })
    expect(specs.find((it) => it.id === back)?.rules).toContainEqual({
      direction: 'ingress',
      protocol: 6,
      range: { from: 22, to: 22 },
      peer: { group: front },
    })
  })
})
