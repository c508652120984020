import * as ec2 from '@aws-sdk/client-ec2'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { specsFrom } from '../../../control/hosts/host-spec.ts'
import { bob, refusal, TestCloud, testCloud, tinyImage } from '../../testing.ts'

let cloud: TestCloud
let client: ec2.EC2Client
let other: ec2.EC2Client
beforeEach(async () => {
  cloud = await TestCloud.open()
  client = cloud.client()
  other = cloud.client(bob)
})
afterEach(() => cloud[Symbol.asyncDispose]())

async function makeVpc(cidr: string, of: ec2.EC2Client): Promise<string> {
  const { Vpc } = await of.send(new ec2.CreateVpcCommand({ CidrBlock: cidr }))
  await of.send(new ec2.ModifyVpcAttributeCommand({ VpcId: Vpc!.VpcId, EnableDnsHostnames: { Value: true } }))
  return Vpc!.VpcId!
}

/** An instance in the VPC with a public address; what leads where by its names. */
async function launch(VpcId: string, CidrBlock: string, of: ec2.EC2Client): Promise<Record<string, string>> {
  const { Subnet } = await of.send(new ec2.CreateSubnetCommand({ VpcId, CidrBlock }))
  const nic = { DeviceIndex: 0, SubnetId: Subnet!.SubnetId, AssociatePublicIpAddress: true }
  const few = { ImageId: tinyImage, MinCount: 1, MaxCount: 1, NetworkInterfaces: [nic] }
  const { Instances } = await of.send(new ec2.RunInstancesCommand(few))
  await cloud.run(Instances![0]!.InstanceId!)
  const { Reservations } = await of.send(
    new ec2.DescribeInstancesCommand({ InstanceIds: [Instances![0]!.InstanceId!] }),
  )
  const it = Reservations![0]!.Instances![0]!
  return { [it.PublicIpAddress!]: it.PrivateIpAddress! }
}

/** What guests of the VPC hear in place of public addresses, on every host that has some. */
async function instead(vpc: string) {
  const hosts = await cloud.store.read(({ db }) => db.selectFrom('hosts').select('id').execute())
  const specs = await cloud.store.read((reader) =>
    specsFrom(testCloud)(
      reader,
      hosts.map((it) => it.id),
    ),
  )
  const routers = specs.flatMap((it) => it.routers).filter((it) => it.vpc === vpc && it.dns)
  return routers.map((it) => it.dns!.rules.find((rule) => rule.prefix === 'ec2')!.instead)
}

test('each side says whether the other hears private addresses for its public names', async () => {
  const [mine, theirs] = [await makeVpc('10.0.0.0/16', client), await makeVpc('10.1.0.0/16', other)]
  const [ours, others] = [await launch(mine, '10.0.1.0/24', client), await launch(theirs, '10.1.1.0/24', other)]
  const { VpcPeeringConnection: peering } = await client.send(
    new ec2.CreateVpcPeeringConnectionCommand({ VpcId: mine, PeerVpcId: theirs, PeerOwnerId: bob }),
  )
  const VpcPeeringConnectionId = peering!.VpcPeeringConnectionId!
  const modify = (side: 'Requester' | 'Accepter', options: ec2.PeeringConnectionOptionsRequest, of: ec2.EC2Client) => {
    const input = { VpcPeeringConnectionId, [`${side}PeeringConnectionOptions`]: options }
    return of.send(new ec2.ModifyVpcPeeringConnectionOptionsCommand(input))
  }
  const allow = { AllowDnsResolutionFromRemoteVpc: true }
  expect(await refusal(modify('Requester', allow, client))).toBe(
    `OperationNotPermitted: Peering ${VpcPeeringConnectionId} is not active. Peering options can be added only to active peerings.`,
  )
  await other.send(new ec2.AcceptVpcPeeringConnectionCommand({ VpcPeeringConnectionId }))
  expect(await refusal(modify('Accepter', allow, client))).toMatch(/^OperationNotPermitted: User .* the accepter side/)
  expect(await instead(mine)).toEqual([ours])

  const answer = await modify('Accepter', allow, other)
  expect(answer.AccepterPeeringConnectionOptions).toMatchObject(allow)
  expect(answer.RequesterPeeringConnectionOptions).toBeUndefined()
  expect(await instead(mine)).toEqual([{ ...ours, ...others }])
  expect(await instead(theirs)).toEqual([others])
  const { VpcPeeringConnections } = await client.send(new ec2.DescribeVpcPeeringConnectionsCommand({}))
  expect(VpcPeeringConnections).toMatchObject([
    {
      AccepterVpcInfo: { PeeringOptions: { AllowDnsResolutionFromRemoteVpc: true } },
      RequesterVpcInfo: { PeeringOptions: { AllowDnsResolutionFromRemoteVpc: false } },
    },
  ])
  await modify('Accepter', { AllowDnsResolutionFromRemoteVpc: false }, other)
  expect(await instead(mine)).toEqual([ours])
  const classic = { AllowEgressFromLocalClassicLinkToRemoteVpc: true }
  expect(await refusal(modify('Requester', classic, client))).toMatch(/^UnsupportedOperation/)
})
