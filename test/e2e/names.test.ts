import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { decode, type Packet, type RecordType } from 'dns-packet'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ask, OtherServer, overTcp, overUdp } from '../../src/host/dns/testing.ts'
import { eventually, TestCloud } from './cloud.ts'

interface Instance {
  InstanceId: string
  PrivateIpAddress: string
  PublicIpAddress: string
  PrivateDnsName: string
  PublicDnsName: string
}

const open = new AsyncDisposableStack()
let cloud: TestCloud
let others: OtherServer
let port: number
let key: string
let image: string
let guests: Instance[]

beforeAll(async () => {
  others = open.use(await OtherServer.open(sayExample))
  port = await freePort()
  const options = ['--resolver', `127.0.0.1:${others.port}`, '--dns-port', String(port)]
  cloud = open.use(await TestCloud.start(options))
  const { KeyMaterial } = await cloud.aws('ec2', 'create-key-pair', '--key-name', 'test', '--key-type', 'ed25519')
  key = join(cloud.data, 'test.pem')
  await writeFile(key, String(KeyMaterial), { mode: 0o600 })
  const ssh = ['--protocol', 'tcp', '--port', '22', '--cidr', '0.0.0.0/0']
  await cloud.aws('ec2', 'authorize-security-group-ingress', '--group-name', 'default', ...ssh)
  image = await cloud.image()
  const zones = ['us-west-2a', 'us-west-2b']
  guests = await Promise.all(zones.map((zone) => launch('--placement', `AvailabilityZone=${zone}`)))
})
afterAll(async () => await open.disposeAsync())

async function launch(...place: string[]): Promise<Instance> {
  const more = ['--image-id', image, '--key-name', 'test', '--instance-type', 'm1.small', ...place]
  const { Instances } = (await cloud.aws('ec2', 'run-instances', ...more)) as { Instances: Instance[] }
  const id = Instances[0]!.InstanceId
  await cloud.aws('ec2', 'wait', 'instance-running', '--instance-ids', id)
  const { Reservations } = (await cloud.aws('ec2', 'describe-instances', '--instance-ids', id)) as {
    Reservations: { Instances: Instance[] }[]
  }
  return Reservations[0]!.Instances[0]!
}

/** A name server of nobody's, that knows example.com and no other. */
function sayExample(packet: Packet): Packet {
  const [question] = packet.questions ?? []
  const known = question?.name.toLowerCase() === 'www.example.com' && question.type === 'A'
  return {
    type: 'response',
    id: packet.id ?? 0,
    flags: known ? 0 : 3,
    questions: packet.questions ?? [],
    answers: known ? [{ type: 'A', name: question.name, ttl: 60, data: '192.0.2.80' }] : [],
  }
}

test('inside, names lead to private addresses and back, and others are asked for the rest', async () => {
  const [one, two] = guests as [Instance, Instance]
  const name = ['--instance-id', two.InstanceId, '--enable-resource-name-dns-a-record']
  await cloud.aws('ec2', 'modify-private-dns-name-options', ...name)
  const short = one.PrivateDnsName.split('.')[0]
  const lookUp = (name: string, server = '') => `nslookup ${name} ${server} 2>&1 | sed -n '/^Name:/,$p;/name = /p'`
  const script = [
    lookUp(one.PrivateDnsName),
    `echo ---; ${lookUp(two.PrivateDnsName)}`,
    `echo ---; ${lookUp(one.PublicDnsName)}`,
    `echo ---; ${lookUp(two.PublicDnsName, '169.254.169.253')}`,
    `echo ---; ${lookUp(two.PrivateIpAddress)}`,
    `echo ---; ${lookUp(two.PublicIpAddress)}`,
    `echo ---; ${lookUp('www.example.com')}`,
    `echo ---; nslookup ip-10-9-8-7.us-west-2.compute.internal 2>&1`,
    `echo ---; ping -c1 -w5 ${two.PublicDnsName} | head -2`,
    `echo ---; ping -c1 -w5 ${short} | head -1`,
    `echo ---; for i in 1 2 3 4 5; do ${lookUp(two.InstanceId)} | grep Address && break; sleep 1; done`,
    `echo ---; wget -qO- http://instance-data/latest/meta-data/local-hostname`,
  ]
  const said = await eventually(() => cloud.ssh(key, one.PublicIpAddress, script.join('\n')))
  const parts = said.split('---\n')
  expect(parts[0]).toContain(one.PrivateIpAddress)
  expect(parts[1]).toContain(two.PrivateIpAddress)
  expect(parts[2]).toContain(one.PrivateIpAddress)
  expect(parts[3]).toContain(two.PrivateIpAddress)
  expect(parts[4]).toContain(`name = ${two.PrivateDnsName}`)
  expect(parts[5]).toContain(`name = ${two.PublicDnsName}`)
  expect(parts[6]).toContain('192.0.2.80')
  expect(parts[7]).toContain('NXDOMAIN')
  expect(parts[8]).toMatch(new RegExp(`\\(${two.PrivateIpAddress}\\)[^]*bytes from ${two.PrivateIpAddress}`))
  expect(parts[9]).toContain(`(${one.PrivateIpAddress})`)
  expect(parts[10]).toContain(two.PrivateIpAddress)
  expect(parts[11]).toContain(one.PrivateDnsName)
  expect(others.asked.map((it) => it.questions?.[0]?.name)).toEqual(
    expect.not.arrayContaining([expect.stringContaining('compute')]),
  )
})

test('outside, public names lead to public addresses and back, and nothing else is told', async () => {
  const [, two] = guests as [Instance, Instance]
  const outside = async (name: string, type: RecordType = 'A') => {
    const [udp, [tcp]] = [await overUdp(port, ask(name, type)), await overTcp(port, [ask(name, type)])]
    expect(tcp).toEqual(udp)
    return decode(udp!)
  }
  expect(await outside(two.PublicDnsName)).toMatchObject({ flag_aa: true, answers: [{ data: two.PublicIpAddress }] })
  const reversed = `${two.PublicIpAddress.split('.').toReversed().join('.')}.in-addr.arpa`
  expect(await outside(reversed, 'PTR')).toMatchObject({ answers: [{ data: two.PublicDnsName }] })
  expect(await outside(two.PrivateDnsName)).toMatchObject({ rcode: 'REFUSED', answers: [] })
  expect(await outside('www.example.com')).toMatchObject({ rcode: 'REFUSED', answers: [] })
})

test('a guest of another VPC hears what its own attributes say, and nothing private of others', async () => {
  const [one] = guests as [Instance]
  const vpc = await otherVpc()
  const three = await launch('--subnet-id', vpc.subnet, '--associate-public-ip-address')
  const lookUp = (name: string) => `nslookup ${name} 169.254.169.253 2>&1`
  const names = [one.PrivateDnsName, one.PublicDnsName, three.PublicIpAddress, 'www.example.com']
  const told = async () => {
    const script = names.map((it) => `${lookUp(it)}; echo ---`).join('\n')
    return (await eventually(() => cloud.ssh(key, three.PublicIpAddress, script))).split('---\n')
  }
  const before = await told()
  expect(before[0]).toContain('NXDOMAIN')
  expect(before[1]).toContain(`Address: ${one.PublicIpAddress}`)
  expect(before[3]).toContain('192.0.2.80')
  expect(three.PublicDnsName).toBe('')

  await cloud.aws('ec2', 'modify-vpc-attribute', '--vpc-id', vpc.id, '--enable-dns-hostnames')
  const own = `ec2-${three.PublicIpAddress.replaceAll('.', '-')}.us-west-2.compute.amazonaws.com`
  await eventually(async () => {
    const said = await cloud.ssh(key, three.PublicIpAddress, lookUp(own))
    return said.includes(`Address: ${three.PrivateIpAddress}`) || undefined
  })
  await cloud.aws('ec2', 'modify-vpc-attribute', '--vpc-id', vpc.id, '--no-enable-dns-support')
  const tcp = 'nc -w2 169.254.169.253 53 </dev/null && echo open'
  await eventually(async () => {
    const said = await cloud.ssh(key, three.PublicIpAddress, `${lookUp(own)}; ${tcp}; true`)
    return (said.includes('timed out') && !said.includes('open')) || undefined
  })
})

async function otherVpc(): Promise<{ id: string; subnet: string }> {
  const make = async (kind: string, what: string, ...args: string[]) => {
    const made = (await cloud.aws('ec2', `create-${kind}`, ...args)) as Record<string, Record<string, string>>
    return made[what]![`${what}Id`]!
  }
  const id = await make('vpc', 'Vpc', '--cidr-block', '10.9.0.0/16')
  const subnet = await make('subnet', 'Subnet', '--vpc-id', id, '--cidr-block', '10.9.1.0/24')
  const gateway = await make('internet-gateway', 'InternetGateway')
  await cloud.aws('ec2', 'attach-internet-gateway', '--vpc-id', id, '--internet-gateway-id', gateway)
  const ofVpc = ['--filters', `Name=vpc-id,Values=${id}`]
  const { RouteTables } = (await cloud.aws('ec2', 'describe-route-tables', ...ofVpc)) as {
    RouteTables: { RouteTableId: string }[]
  }
  const way = ['--destination-cidr-block', '0.0.0.0/0', '--gateway-id', gateway]
  await cloud.aws('ec2', 'create-route', '--route-table-id', RouteTables[0]!.RouteTableId, ...way)
  const { SecurityGroups } = (await cloud.aws('ec2', 'describe-security-groups', ...ofVpc)) as {
    SecurityGroups: { GroupId: string }[]
  }
  const rule = ['--protocol', 'tcp', '--port', '22', '--cidr', '0.0.0.0/0']
  await cloud.aws('ec2', 'authorize-security-group-ingress', '--group-id', SecurityGroups[0]!.GroupId, ...rule)
  return { id, subnet }
}

test('names are told while the control plane is away, and by a new agent', async () => {
  const [one, two] = guests as [Instance, Instance]
  const agent = await cloud.agentPid()
  await cloud.end('SIGKILL')
  const lookUp = () => cloud.ssh(key, one.PublicIpAddress, `nslookup ${two.PublicDnsName}`)
  expect(await lookUp()).toContain(two.PrivateIpAddress)
  process.kill(agent, 'SIGKILL')
  await cloud.up()
  await eventually(async () => (await lookUp()).includes(two.PrivateIpAddress) || undefined)
})

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address ? address.port : 0
}
