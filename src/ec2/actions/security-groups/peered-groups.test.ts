import {
  AcceptVpcPeeringConnectionCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  CreateVpcCommand,
  CreateVpcPeeringConnectionCommand,
  DeleteSecurityGroupCommand,
  DeleteVpcPeeringConnectionCommand,
  DescribeSecurityGroupReferencesCommand,
  DescribeSecurityGroupsCommand,
  DescribeStaleSecurityGroupsCommand,
  type EC2Client,
} from '@aws-sdk/client-ec2'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { bob, refusal, TestCloud } from '../../testing.ts'

let cloud: TestCloud
let alices: EC2Client
let bobs: EC2Client
beforeEach(async () => {
  cloud = await TestCloud.open()
  alices = cloud.client()
  bobs = cloud.client(bob)
})
afterEach(() => cloud[Symbol.asyncDispose]())

const vpc = async (client: EC2Client, CidrBlock: string) =>
  (await client.send(new CreateVpcCommand({ CidrBlock }))).Vpc!.VpcId!
const group = async (client: EC2Client, VpcId: string) =>
  (await client.send(new CreateSecurityGroupCommand({ GroupName: 'web', Description: 'web', VpcId }))).GroupId!
const allow = (GroupId: string, pair: object) => {
  const rule = { IpProtocol: 'tcp', FromPort: 22, ToPort: 22, UserIdGroupPairs: [pair] }
  return alices.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions: [rule] }))
}
const stale = async (VpcId: string) =>
  (await alices.send(new DescribeStaleSecurityGroupsCommand({ VpcId }))).StaleSecurityGroupSet ?? []

/** Alice's group, Bob's group, and a peering of their VPCs that Bob accepted. */
async function peered() {
  const [VpcId, PeerVpcId] = [await vpc(alices, '10.0.0.0/16'), await vpc(bobs, '10.1.0.0/16')]
  const [mine, his] = [await group(alices, VpcId), await group(bobs, PeerVpcId)]
  const input = { VpcId, PeerVpcId, PeerOwnerId: bob }
  const made = await alices.send(new CreateVpcPeeringConnectionCommand(input))
  const VpcPeeringConnectionId = made.VpcPeeringConnection!.VpcPeeringConnectionId!
  expect(await refusal(allow(mine, { GroupId: his, UserId: bob }))).toMatch(/^InvalidGroup.NotFound/)
  await bobs.send(new AcceptVpcPeeringConnectionCommand({ VpcPeeringConnectionId }))
  return { VpcId, PeerVpcId, mine, his, VpcPeeringConnectionId }
}

test('a rule may name a group of a peer while the peering is active, and tells by which', async () => {
  const { VpcId, PeerVpcId, mine, his, VpcPeeringConnectionId } = await peered()
  await allow(mine, { GroupId: his, UserId: bob })
  const [shown] = (await alices.send(new DescribeSecurityGroupsCommand({ GroupIds: [mine] }))).SecurityGroups ?? []
  expect(shown?.IpPermissions?.[0]?.UserIdGroupPairs).toEqual([
    { GroupId: his, UserId: bob, VpcId: PeerVpcId, VpcPeeringConnectionId },
  ])
  const { SecurityGroupReferenceSet } = await bobs.send(new DescribeSecurityGroupReferencesCommand({ GroupId: [his] }))
  expect(SecurityGroupReferenceSet).toEqual([{ GroupId: his, ReferencingVpcId: VpcId, VpcPeeringConnectionId }])
  expect(await refusal(allow(mine, { GroupId: his, UserId: '999999999999' }))).toMatch(/^InvalidGroup.NotFound/)
})

test('a rule is stale once the peering is gone', async () => {
  const { VpcId, mine, his, VpcPeeringConnectionId } = await peered()
  await allow(mine, { GroupId: his, UserId: bob })
  expect(await stale(VpcId)).toEqual([])
  await alices.send(new DeleteVpcPeeringConnectionCommand({ VpcPeeringConnectionId }))
  expect(await stale(VpcId)).toMatchObject([
    { GroupId: mine, StaleIpPermissions: [{ FromPort: 22, UserIdGroupPairs: [{ GroupId: his }] }] },
  ])
})

test('a rule is stale once the group is gone, which a rule of a peer does not hinder', async () => {
  const { VpcId, mine, his } = await peered()
  await allow(mine, { GroupId: his, UserId: bob })
  await bobs.send(new DeleteSecurityGroupCommand({ GroupId: his }))
  expect((await stale(VpcId)).map((it) => it.GroupId)).toEqual([mine])
})
