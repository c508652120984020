/** Root in a guest sends what it likes. Nobody hears it, and an operator can count it. */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { EC2, type Instance } from '@aws-sdk/client-ec2'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { linkLocal } from '../../src/drivers/network/linux/ipv6.ts'
import { tapName } from '../../src/drivers/network/linux/names.ts'
import { type Attempt, attemptsOf, honestly } from '../../src/drivers/network/linux/testing/attempts.ts'
import { Capture } from '../../src/drivers/network/linux/testing/probes.ts'
import { eventually, sshOptions, TestCloud } from './cloud.ts'
import { frameSender } from './frame-sender.ts'

/** All that has to do with another VPC is in here. */
const strangeCidr = '10.77.0.0/16'
const strangeResolver = '10.77.0.2'

interface Who {
  readonly id: string
  readonly vif: string
  readonly vpc: string
  readonly mac: string
  readonly address: string
  readonly address6: string
  readonly publicAddress: string
  readonly name: string
}

let cloud: TestCloud
let ec2: EC2
let endpoint: string
let key: string
let own: Who
let other: Who
let stranger: Who
/** Root in `own`: takes a frame in base64, says whether the kernel took it. */
let guest: Conversation
/** Makes frames. */
let forge: Conversation
let captures: Capture[]

beforeAll(async () => {
  cloud = await TestCloud.start()
  const { region, accessKeyId, secretAccessKey, ...profile } = await cloud.profile()
  endpoint = profile.endpoint
  ec2 = new EC2({ endpoint, region, credentials: { accessKeyId, secretAccessKey } })
  const { KeyMaterial } = await ec2.createKeyPair({ KeyName: 'test', KeyType: 'ed25519' })
  key = join(cloud.data, 'test.pem')
  await writeFile(key, String(KeyMaterial), { mode: 0o600 })
  const { VpcId } = (await ec2.createVpc({ CidrBlock: strangeCidr })).Vpc!
  const { SubnetId } = (await ec2.createSubnet({ VpcId, CidrBlock: '10.77.0.0/24', AvailabilityZone: `${region}a` }))
    .Subnet!
  // Open to everything: what does not arrive was stopped because of what it pretended.
  const { SecurityGroups } = await ec2.describeSecurityGroups({
    Filters: [{ Name: 'group-name', Values: ['default'] }],
  })
  const IpPermissions = [{ IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }], Ipv6Ranges: [{ CidrIpv6: '::/0' }] }]
  for (const { GroupId } of SecurityGroups!) await ec2.authorizeSecurityGroupIngress({ GroupId, IpPermissions })
  const image = { ImageId: await cloud.image(), KeyName: 'test', InstanceType: 'm1.small' } as const
  const [two, one] = await Promise.all([
    ec2.runInstances({ ...image, MinCount: 2, MaxCount: 2, Placement: { AvailabilityZone: `${region}a` } }),
    ec2.runInstances({ ...image, MinCount: 1, MaxCount: 1, SubnetId }),
  ])
  const all = await Promise.all([...two.Instances!, ...one.Instances!].map((it) => running(it.InstanceId!)))
  ;[own, other, stranger] = all as [Who, Who, Who]
  guest = await rootIn(own)
  forge = new Conversation('/usr/bin/python3', [
    join(import.meta.dirname, '../../src/drivers/network/linux/testing/frames.py'),
    '-',
  ])
  expect(await forge.line()).toBe('up')
  captures = await Promise.all([listen(other), listen(stranger)])
})

afterAll(async () => {
  await Promise.all(captures?.map((it) => it.end()) ?? [])
  await forge?.end()
  await guest?.end()
  await cloud?.[Symbol.asyncDispose]()
})

function running(id: string): Promise<Who> {
  return eventually(async () => {
    const { Reservations } = await ec2.describeInstances({ InstanceIds: [id] })
    const found: Instance = Reservations![0]!.Instances![0]!
    const nic = found.NetworkInterfaces?.[0]
    if (found.State?.Name !== 'running' || !nic) return undefined
    const mac = nic.MacAddress!
    return {
      ...{ id, vif: nic.NetworkInterfaceId!, vpc: found.VpcId!, mac, address: found.PrivateIpAddress! },
      ...{ address6: linkLocal(mac), publicAddress: found.PublicIpAddress ?? '' },
      name: found.PrivateDnsName!,
    }
  })
}

async function rootIn(who: Who): Promise<Conversation> {
  const index = await eventually(() => cloud.ssh(key, who.publicAddress, 'cat /sys/class/net/eth0/ifindex'))
  const program = frameSender(Number(index)).toString('base64')
  const script = `echo ${program} | base64 -d > /tmp/frame; chmod +x /tmp/frame; echo up
    while read -r frame; do if echo $frame | base64 -d | /tmp/frame; then echo sent; else echo refused; fi; done`
  const ssh = ['ssh', ...sshOptions, '-i', key, `root@${who.publicAddress}`, script]
  const conversation = new Conversation('nsenter', [`--net=/run/netns/${cloud.name}-internet`, ...ssh])
  expect(await conversation.line()).toBe('up')
  return conversation
}

/** What a guest gets to hear, but for our own conversations and answers to what it asked the router. */
function listen({ vif, vpc }: Who): Promise<Capture> {
  const at = { namespace: `${cloud.name}-a1-${vpc}` }
  const ours = 'tcp port 22 or src net 169.254.0.0/16 or udp port 68 or (arp and ether src fe:ff:ff:ff:ff:ff)'
  return Capture.start(at, `not (${ours})`, tapName(vif as Parameters<typeof tapName>[0]), 'out')
}

/** The same attempts, whoever it is that tries. */
const attempts = (at?: { own: Who; other: Who }): Attempt[] => {
  const nobody = { mac: '', address: '', address6: '::' }
  return attemptsOf({ own: nobody, other: nobody, ...at, gateway: '172.31.0.1', resolver: '172.31.0.2' })
}

/** What was last heard of each reason. */
const known: Record<string, number> = {}

/** What `own` has sent in vain, as an operator reads it. */
async function counted(reason: string): Promise<number> {
  const text = await (await fetch(`${endpoint}/cumulet/metrics`)).text()
  const line = text.split('\n').find((it) => it.includes(`interface="${own.vif}"`) && it.includes(`reason="${reason}"`))
  expect(line).toContain(`instance="${own.id}"`)
  known[reason] = Number(line!.split(' ').at(-1))
  return known[reason]
}

async function send(frame: Readonly<Record<string, unknown>>): Promise<void> {
  const made = await forge.ask(JSON.stringify({ ...honestly(own, other), ...frame }))
  expect(await guest.ask(made)).toBe('sent')
}

describe('a guest that sends', () => {
  const named = attempts().map(({ what, isIpv6 }, index) => ({ what, isIpv6, index }))

  test.each(named.filter((it) => !it.isIpv6))('$what is counted', async ({ index }) => {
    const { frame, reason } = attempts({ own, other })[index]!
    const before = known[reason] ?? (await counted(reason))
    await send(frame)
    await expect.poll(() => counted(reason)).toBeGreaterThan(before)
  })

  test.each(named.filter((it) => it.isIpv6))('$what goes nowhere in a network without IPv6', async ({ index }) => {
    await send(attempts({ own, other })[index]!.frame)
  })

  test('in the name of a guest of another network is counted, whomever it asks', async () => {
    const before = await counted('source')
    await send({ kind: 'ip', address: stranger.address })
    await send({ kind: 'ip', mac: stranger.mac, to: stranger.address })
    await send({ kind: 'udp', address: stranger.address, to: '169.254.169.254', port: 80 })
    await send({ kind: 'udp', address: stranger.address, to: strangeResolver, port: 53 })
    await expect.poll(() => counted('source')).toBeGreaterThan(before + 3)
  })

  test('in its own name reaches nobody of another network: guest, gateway or resolver', async () => {
    await send({ kind: 'ip', to: stranger.address })
    const names = (resolver: string) => `timeout 3 nslookup ${own.name} ${resolver} | grep -q ${own.address}`
    expect(await managed({ mine: names('172.31.0.2') })).toEqual(['mine'])
    const [guest, gateway] = [stranger.address, '10.77.0.1'].map((it) => `ping -c1 -W2 ${it}`)
    expect(await managed({ guest: guest!, gateway: gateway!, resolver: names(strangeResolver) })).toEqual([])
  })

  test('in its own name is heard by the other guest, and nothing else was by any', async () => {
    await send({ kind: 'ip' })
    await expect.poll(() => captures[0]!.lines.length).toBeGreaterThan(0)
    const [heard, strange] = await Promise.all(captures.map((it) => it.end()))
    expect(heard!.map((it) => /proto \w+/.exec(it)?.[0])).toEqual(['proto ICMP'])
    expect(strange).toEqual([])
  })

  test('to what the cloud stands on gets no answer, and nothing of it is on the wire there', async () => {
    const hosts = ['100.64.0.1', '100.64.1.1', '100.64.1.2', '100.64.1.3', '198.51.100.1']
    const fabric = { namespace: `${cloud.name}-fabric` }
    const [ours, theirs] = await Promise.all([
      Capture.start(fabric, 'udp port 4789 and src net 100.64.0.0/16', 'any'),
      Capture.start(fabric, 'not arp and not src net 100.64.0.0/16', 'any'),
    ])
    for (const to of hosts) {
      await send({ kind: 'udp', to, port: 4789 })
      await send({ kind: 'udp', to, port: 4789, from_port: 4789 })
    }
    expect(await managed({ gateway: 'ping -c1 -W2 172.31.0.1' })).toEqual(['gateway'])
    expect(await managed(Object.fromEntries(hosts.map((it) => [it, `ping -c1 -W2 ${it}`])))).toEqual([])
    expect(await theirs.end()).toEqual([])
    expect((await ours.end()).length).toBeGreaterThan(0) // It does hear: what we say to the guest.
  })
})

/** Those of these commands, all run at once in the guest, that end well. */
async function managed(commands: Readonly<Record<string, string>>): Promise<string[]> {
  const all = Object.entries(commands).map(([name, command]) => `{ ${command}; } >/dev/null 2>&1 && echo ${name} &`)
  return (await cloud.ssh(key, own.publicAddress, `${all.join(' ')} wait`)).split('\n').filter(Boolean)
}

/** A program that answers each line with one. */
class Conversation {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>
  readonly #lines: AsyncIterator<string>

  constructor(command: string, args: readonly string[]) {
    this.#child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#lines = createInterface(this.#child.stdout)[Symbol.asyncIterator]()
  }

  async line(): Promise<string> {
    return (await this.#lines.next()).value ?? ''
  }

  async ask(question: string): Promise<string> {
    const answer = this.line()
    this.#child.stdin.write(`${question}\n`)
    return await answer
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null) return
    const ended = once(this.#child, 'close')
    this.#child.stdin.end()
    await ended
  }
}
