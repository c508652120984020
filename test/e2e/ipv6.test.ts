import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { EC2 } from '@aws-sdk/client-ec2'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually, sshOptions, TestCloud } from './cloud.ts'

let cloud: TestCloud
let ec2: EC2
let key: string

beforeAll(async () => {
  cloud = await TestCloud.start(['--hosts-per-zone', '2'])
  const { endpoint, region, accessKeyId, secretAccessKey } = await cloud.profile()
  ec2 = new EC2({ endpoint, region, credentials: { accessKeyId, secretAccessKey } })
  const { KeyMaterial } = await ec2.createKeyPair({ KeyName: 'test', KeyType: 'ed25519' })
  key = join(cloud.data, 'test.pem')
  await writeFile(key, String(KeyMaterial), { mode: 0o600 })
})
afterAll(async () => {
  await cloud?.[Symbol.asyncDispose]()
})

const outside = '2001:db8:ffff::2'
const pingOut = ['-6', '-c1', '-W2']

interface Guest {
  readonly six: string
  readonly public: string
}

function running(InstanceId: string): Promise<Guest> {
  return eventually(async () => {
    const { Reservations } = await ec2.describeInstances({ InstanceIds: [InstanceId] })
    const { State, PublicIpAddress = '', Ipv6Address = '' } = Reservations![0]!.Instances![0]!
    return State?.Name === 'running' ? { public: PublicIpAddress, six: Ipv6Address } : undefined
  })
}

/** By IPv4: what IPv6 does is looked at from outside of it. */
const inside = (guest: Guest, command: string) => cloud.ssh(key, guest.public, command)
const ping6 = (guest: Guest, to: string) =>
  inside(guest, `ping6 -c1 -W2 ${to} >/dev/null && echo reached || echo missed`)
const isReached = (address: string) =>
  cloud.outside('ping', [...pingOut, address]).then(
    () => true,
    () => false,
  )

test('guests have IPv6 by DHCPv6, among themselves, to the outside and, once authorised, from there', async () => {
  const Vpc = (await ec2.createVpc({ CidrBlock: '10.0.0.0/16', AmazonProvidedIpv6CidrBlock: true })).Vpc!
  const VpcId = Vpc.VpcId!
  const Ipv6CidrBlock = Vpc.Ipv6CidrBlockAssociationSet![0]!.Ipv6CidrBlock!.replace('/56', '/64')
  const { SubnetId } = (
    await ec2.createSubnet({ VpcId, CidrBlock: '10.0.1.0/24', Ipv6CidrBlock, AvailabilityZone: 'us-west-2a' })
  ).Subnet!
  const { InternetGatewayId } = (await ec2.createInternetGateway({})).InternetGateway!
  await ec2.attachInternetGateway({ InternetGatewayId, VpcId })
  const vpc = [{ Name: 'vpc-id', Values: [VpcId] }]
  const { RouteTableId } = (await ec2.describeRouteTables({ Filters: vpc })).RouteTables![0]!
  await ec2.createRoute({ RouteTableId, DestinationCidrBlock: '0.0.0.0/0', GatewayId: InternetGatewayId })
  const { GroupId } = (await ec2.describeSecurityGroups({ Filters: vpc })).SecurityGroups![0]!
  const ssh = { IpProtocol: 'tcp', FromPort: 22, ToPort: 22 }
  const open = (more: object) => ec2.authorizeSecurityGroupIngress({ GroupId, IpPermissions: [{ ...ssh, ...more }] })
  await open({ IpRanges: [{ CidrIp: '0.0.0.0/0' }] })
  const { Instances } = await ec2.runInstances({
    ...{ ImageId: await cloud.image(), KeyName: 'test', InstanceType: 'c3.large', MinCount: 2, MaxCount: 2 },
    NetworkInterfaces: [{ DeviceIndex: 0, SubnetId, AssociatePublicIpAddress: true, Ipv6AddressCount: 1 }],
  })
  const [one, two] = (await Promise.all(Instances!.map((it) => running(it.InstanceId!)))) as [Guest, Guest]

  // DHCPv6 gives each its address, and the router says that it is one.
  for (const it of [one, two])
    await eventually(async () =>
      (await inside(it, 'ip -6 addr show dev eth0')).includes(`${it.six}/128`) ? 1 : undefined,
    )
  expect(await inside(one, 'ip -6 route')).toMatch(/^default via fe80::1 dev eth0/m)

  // They are on two hosts, and let each other in as members of a group.
  await eventually(async () => ((await ping6(one, two.six)).includes('reached') ? 1 : undefined), 20_000)
  expect(await inside(one, `traceroute6 -n -q 1 -w 2 -m 6 ${two.six} 2>/dev/null | grep -c '^ *[0-9]'`)).toContain('3')

  // An egress-only gateway: out, and not in.
  const { EgressOnlyInternetGatewayId } = (await ec2.createEgressOnlyInternetGateway({ VpcId }))
    .EgressOnlyInternetGateway!
  await open({ IpProtocol: '58', FromPort: -1, ToPort: -1, Ipv6Ranges: [{ CidrIpv6: '::/0' }] })
  expect(await ping6(one, outside)).toContain('missed')
  await ec2.createRoute({ RouteTableId, DestinationIpv6CidrBlock: '::/0', EgressOnlyInternetGatewayId })
  await eventually(async () => ((await ping6(one, outside)).includes('reached') ? 1 : undefined))
  expect(await isReached(one.six)).toBe(false)

  // An internet gateway: in too, as far as groups let.
  await ec2.replaceRoute({ RouteTableId, DestinationIpv6CidrBlock: '::/0', GatewayId: InternetGatewayId })
  await eventually(async () => ((await isReached(one.six)) ? 1 : undefined))
  const login = () => cloud.outside('ssh', [...sshOptions, '-i', key, `root@${two.six}`, 'echo "$SSH_CONNECTION"'])
  await expect(login()).rejects.toThrow()
  await open({ Ipv6Ranges: [{ CidrIpv6: `${outside}/128` }] })
  expect(await eventually(login)).toContain(`${outside} `)

  // What else it has, it finds in its metadata.
  const token = 'wget -qO- http://169.254.169.254/latest/meta-data'
  expect((await inside(one, `${token}/ipv6`)).trim()).toBe(one.six)
})
