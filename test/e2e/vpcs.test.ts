import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { EC2 } from '@aws-sdk/client-ec2'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually, sshOptions, TestCloud } from './cloud.ts'

let cloud: TestCloud
let ec2: EC2
let image: string
let key: string

beforeAll(async () => {
  cloud = await TestCloud.start(['--hosts-per-zone', '2'])
  const { endpoint, region, accessKeyId, secretAccessKey } = await cloud.profile()
  ec2 = new EC2({ endpoint, region, credentials: { accessKeyId, secretAccessKey } })
  image = await cloud.image()
  const { KeyMaterial } = await ec2.createKeyPair({ KeyName: 'test', KeyType: 'ed25519' })
  key = join(cloud.data, 'test.pem')
  await writeFile(key, String(KeyMaterial), { mode: 0o600 })
})
afterAll(async () => {
  await cloud?.[Symbol.asyncDispose]()
})

/** A VPC whose default group lets in ssh, pings and what traceroute sends. */
async function makeVpc(CidrBlock: string): Promise<string> {
  const { VpcId } = (await ec2.createVpc({ CidrBlock })).Vpc!
  const groups = await ec2.describeSecurityGroups({ Filters: [{ Name: 'vpc-id', Values: [VpcId!] }] })
  const open = [
    ['tcp', 22, 22],
    ['icmp', -1, -1],
    ['udp', 33434, 33534],
  ] as const
  await ec2.authorizeSecurityGroupIngress({
    GroupId: groups.SecurityGroups![0]!.GroupId,
    IpPermissions: open.map(([IpProtocol, FromPort, ToPort]) => ({
      ...{ IpProtocol, FromPort, ToPort },
      IpRanges: [{ CidrIp: '0.0.0.0/0' }],
    })),
  })
  return VpcId!
}

async function makeSubnet(VpcId: string, CidrBlock: string, AvailabilityZone = 'us-west-2a'): Promise<string> {
  return (await ec2.createSubnet({ VpcId, CidrBlock, AvailabilityZone })).Subnet!.SubnetId!
}

async function mainTable(vpc: string): Promise<string> {
  const { RouteTables } = await ec2.describeRouteTables({ Filters: [{ Name: 'vpc-id', Values: [vpc] }] })
  return RouteTables!.find((it) => it.Associations?.some((of) => of.Main))!.RouteTableId!
}

const route = (RouteTableId: string, DestinationCidrBlock: string, target: object) =>
  ec2.createRoute({ RouteTableId, DestinationCidrBlock, ...target })

interface Guest {
  readonly id: string
  readonly address: string
  readonly public: string | undefined
}

async function launch(count: number, SubnetId: string, AssociatePublicIpAddress: boolean): Promise<Guest[]> {
  const { Instances } = await ec2.runInstances({
    ...{ ImageId: image, KeyName: 'test', InstanceType: 'm1.small', MinCount: count, MaxCount: count },
    NetworkInterfaces: [{ DeviceIndex: 0, SubnetId, AssociatePublicIpAddress }],
  })
  return Promise.all(Instances!.map((it) => running(it.InstanceId!)))
}

async function describe(id: string) {
  return (await ec2.describeInstances({ InstanceIds: [id] })).Reservations![0]!.Instances![0]!
}

function running(id: string): Promise<Guest> {
  return eventually(async () => {
    const { State, PrivateIpAddress = '', PublicIpAddress } = await describe(id)
    return State?.Name === 'running' ? { id, address: PrivateIpAddress, public: PublicIpAddress } : undefined
  })
}

/** Runs a command in a guest, by way of another one's public address. */
function inside(via: Guest, guest: Guest, command: string): Promise<string> {
  const jump = `ssh ${[...sshOptions, '-i', key].join(' ')} -W %h:%p root@${via.public}`
  return cloud.outside('ssh', [
    ...[...sshOptions, '-i', key, '-o', `ProxyCommand=${jump}`],
    ...[`root@${guest.address}`, command],
  ])
}

/** The addresses that answered, in order. */
async function hops(from: Guest, to: Guest): Promise<string[]> {
  const said = await cloud.ssh(key, from.public!, `traceroute -n -q 1 -w 2 -m 8 ${to.address}`)
  return [...said.matchAll(/^ *\d+ +([\d.]+|\*)/gm)].map((it) => it[1]!)
}

const outside = '198.51.100.2'
const ping = (address: string) => `ping -c1 -W2 ${address} >/dev/null 2>&1 && echo reached || echo missed`
/** Waits until the ping in a guest ends so. */
const until = (end: string, say: () => Promise<string>) =>
  eventually(async () => ((await say()).includes(end) ? true : undefined), 30_000)

/** What the first test leaves to the second: guests in three zones, all of one VPC but `other`. */
interface Scene {
  readonly front: Guest
  readonly sibling: Guest
  readonly third: Guest
  readonly other: Guest
  readonly peer: string
  readonly far: string
}
let scene: Scene

test('VPCs, subnets, gateways and peerings, seen from guests', async () => {
  const vpc = await makeVpc('172.31.0.0/16') // as the default one
  const [open, hidden] = [await makeSubnet(vpc, '172.31.0.0/24'), await makeSubnet(vpc, '172.31.1.0/24')]
  const peer = await makeVpc('10.1.0.0/16')
  const far = await makeSubnet(peer, '10.1.0.0/24', 'us-west-2b')
  const { InternetGatewayId } = (await ec2.createInternetGateway({})).InternetGateway!
  await ec2.attachInternetGateway({ InternetGatewayId, VpcId: vpc })
  const table = (await ec2.createRouteTable({ VpcId: vpc })).RouteTable!.RouteTableId!
  const away = await makeSubnet(vpc, '172.31.2.0/24', 'us-west-2c')
  for (const SubnetId of [open, away]) await ec2.associateRouteTable({ RouteTableId: table, SubnetId })
  const [fronts, backs, thirds, others] = await Promise.all([
    launch(2, open, true),
    launch(1, hidden, false),
    launch(1, away, false),
    launch(1, far, false),
  ])
  const [front, sibling] = fronts as [Guest, Guest]
  const [back, third, other] = [backs[0]!, thirds[0]!, others[0]!]

  // A gateway that is attached and not routed to lets nobody in.
  await expect(cloud.outside('ping', ['-c1', '-W1', front.public!])).rejects.toThrow()
  await route(table, '0.0.0.0/0', { GatewayId: InternetGatewayId })
  await until('reached', () => cloud.ssh(key, front.public!, ping(outside)))

  // Nor has the other subnet a way to the object store, until there is an endpoint for it; nor after that.
  const read = await offerObject()
  expect(await eventually(() => inside(front, back, read))).toContain('missed')
  const ServiceName = 'com.amazonaws.us-west-2.s3'
  const RouteTableIds = [await mainTable(vpc)]
  const { VpcEndpointId } = (await ec2.createVpcEndpoint({ VpcId: vpc, ServiceName, RouteTableIds })).VpcEndpoint!
  await until('by the endpoint', () => inside(front, back, read))
  await ec2.deleteVpcEndpoints({ VpcEndpointIds: [VpcEndpointId!] })
  await until('missed', () => inside(front, back, read))
  // A public address and a gateway are a way there too.
  expect(await cloud.ssh(key, front.public!, read)).toContain('by the endpoint')

  // The other subnet has no way out, until a NAT gateway gives it one: by an address that lets nobody in.
  expect(await eventually(() => inside(front, back, ping(outside)))).toContain('missed')
  const { AllocationId, PublicIp } = await ec2.allocateAddress({})
  const { NatGatewayId } = (await ec2.createNatGateway({ SubnetId: open, AllocationId })).NatGateway!
  await eventually(async () => {
    const { NatGateways } = await ec2.describeNatGateways({ NatGatewayIds: [NatGatewayId!] })
    return NatGateways![0]!.State === 'available' || undefined
  })
  await route(await mainTable(vpc), '0.0.0.0/0', { NatGatewayId })
  await until('reached', () => inside(front, back, ping(outside)))
  await expect(cloud.outside('ping', ['-c1', '-W1', PublicIp!])).rejects.toThrow()

  // Guests of one host are two hops apart, of two hosts three. The first two are spread over their zone's two hosts.
  // One after the other: two traceroutes at once in a guest take each other's answers.
  const across = await hops(front, sibling)
  const [one, two] = await Promise.all([hops(front, back), hops(sibling, back)])
  expect(across).toHaveLength(3)
  expect(across.at(-1)).toBe(sibling.address)
  expect([one.length, two.length].sort()).toEqual([2, 3])

  // A peering carries both ways once both have a route, and leads no further.
  const { VpcPeeringConnectionId } = (await ec2.createVpcPeeringConnection({ VpcId: vpc, PeerVpcId: peer }))
    .VpcPeeringConnection!
  await ec2.acceptVpcPeeringConnection({ VpcPeeringConnectionId })
  await route(table, '10.1.0.0/16', { VpcPeeringConnectionId })
  await route(await mainTable(peer), '0.0.0.0/0', { VpcPeeringConnectionId })
  await until('reached', () => inside(front, other, ping(front.address)))
  expect(await inside(front, other, ping(outside))).toContain('missed')
  await until('reached', () => cloud.ssh(key, sibling.public!, ping(other.address)))
  await ec2.deleteVpcPeeringConnection({ VpcPeeringConnectionId })
  await until('missed', () => cloud.ssh(key, front.public!, ping(other.address)))
  const { RouteTables } = await ec2.describeRouteTables({ RouteTableIds: [table] })
  expect(RouteTables![0]!.Routes!.map((it) => it.State).sort()).toEqual(['active', 'active', 'blackhole'])
  scene = { front, sibling, third, other, peer, far }
})

test('a host is lost: its guests end, their addresses and volumes go to others, and other zones do not notice', {
  timeout: 300_000,
}, async () => {
  const { front, sibling, third, other, peer, far } = scene
  const { InternetGatewayId } = (await ec2.createInternetGateway({})).InternetGateway!
  await ec2.attachInternetGateway({ InternetGatewayId, VpcId: peer })
  const toOutside = { DestinationCidrBlock: '0.0.0.0/0', GatewayId: InternetGatewayId }
  await ec2.replaceRoute({ RouteTableId: await mainTable(peer), ...toOutside })
  const { AllocationId, PublicIp } = await ec2.allocateAddress({})
  await ec2.associateAddress({ AllocationId, InstanceId: other.id })
  const who = () => eventually(() => cloud.ssh(key, PublicIp!, 'uname -n'))
  expect(await who()).toBe(`${hostNameOf(other)}\n`)
  const { VolumeId } = await ec2.createVolume({ AvailabilityZone: 'us-west-2b', Size: 1 })
  await attach(VolumeId!, other)
  await eventually(() => cloud.ssh(key, PublicIp!, 'test -b /dev/sdf && echo kept >/dev/sdf && sync'))

  // Numbers go from one zone to another over one connection, until the sender is told that it is enough.
  await inside(front, third, 'tail -f /dev/null </dev/null | nc -l -p 7000 >/tmp/got 2>/dev/null &')
  const send = 'i=0; while [ ! -e /tmp/enough ]; do i=$((i+1)); echo $i; usleep 200000; done'
  await cloud.ssh(
    key,
    front.public!,
    `(${send}; echo end) 2>/dev/null </dev/null | nc ${third.address} 7000 >/dev/null 2>&1 &`,
  )
  const got = async () => Number(await inside(front, third, 'wc -l </tmp/got'))
  const more = async (than: number) => eventually(async () => ((await got()) > than ? true : undefined))
  await more(5)

  const lost = await hostIn('b')
  const going = cloud.ssh(key, front.public!, `ping -c 40 -i 0.2 ${sibling.address}`)
  await cloud.cumulet('host', 'lose', lost)
  const { StateReason, NetworkInterfaces } = await eventually(async () => {
    const it = await describe(other.id)
    return it.State?.Name === 'terminated' ? it : undefined
  })
  expect([StateReason?.Code, NetworkInterfaces]).toEqual(['Server.InternalError', []])
  expect(await going).toContain(' 0% packet loss')
  await more(await got())

  // What it had is free: the address answers in another zone, and the volume is there for the next guest.
  await ec2.associateAddress({ AllocationId, InstanceId: third.id })
  expect(await who()).toBe(`${hostNameOf(third)}\n`)
  await eventually(async () => ((await attachmentsOf(VolumeId!)).length === 0 ? true : undefined))
  await cloud.cumulet('host', 'return', lost)
  await eventually(
    async () => (await cloud.cumulet('status')).includes(`${lost} in us-west-2b: connected`) || undefined,
  )
  const next = (await launch(1, far, true))[0]!
  await attach(VolumeId!, next)
  expect(await eventually(() => cloud.ssh(key, next.public!, 'test -b /dev/sdf && head -n 1 /dev/sdf'))).toBe('kept\n')

  await cloud.ssh(key, front.public!, 'touch /tmp/enough')
  const last = await eventually(async () => {
    const lines = (await inside(front, third, 'cat /tmp/got')).trim().split('\n')
    return lines.at(-1) === 'end' ? lines.slice(0, -1) : undefined
  })
  expect(last).toEqual(last.map((_it, index) => String(index + 1)))
})

const hostNameOf = ({ address }: Guest) => `ip-${address.replaceAll('.', '-')}`

async function attach(VolumeId: string, { id: InstanceId }: Guest): Promise<void> {
  await eventually(() => ec2.attachVolume({ VolumeId, InstanceId, Device: '/dev/sdf' }))
  await eventually(async () => (await attachmentsOf(VolumeId))[0]?.State === 'attached' || undefined)
}

async function attachmentsOf(id: string) {
  return (await ec2.describeVolumes({ VolumeIds: [id] })).Volumes![0]!.Attachments!
}

/** The command that reads an object from inside, by the store's name and a signature that is in the URL. */
async function offerObject(): Promise<string> {
  await writeFile(join(cloud.data, 'object'), 'by the endpoint')
  await cloud.awsText('s3', 'mb', 's3://hidden')
  await cloud.awsText('s3', 'cp', join(cloud.data, 'object'), 's3://hidden/object')
  const url = await cloud.awsText(
    's3',
    'presign',
    's3://hidden/object',
    '--endpoint-url',
    'http://s3.us-west-2.amazonaws.com',
  )
  return `timeout 3 wget -qO- '${url.trim()}' 2>/dev/null || echo missed`
}

/** The host of the zone that has a guest. */
async function hostIn(zone: string): Promise<string> {
  for (const number of [1, 2]) {
    const host = `${zone}${number}`
    const found = await readdir(join(cloud.data, 'hosts', host, 'domains')).catch(() => [] as string[])
    if (found.some((it) => it.startsWith('dom_'))) return host
  }
  throw new Error(`no guest in zone ${zone}`)
}
