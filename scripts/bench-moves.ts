/**
 * Measures how long an elastic address takes to move between two real guests: `node scripts/bench-moves.ts [ROUNDS]`, as root.
 * From before AssociateAddress is sent until the first question is sent that the other guest answers; and until the last
 * that the one before answers.
 */
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import * as ec2 from '@aws-sdk/client-ec2'
import { eventually, TestCloud } from '../test/e2e/cloud.ts'
import { summarize } from './bench/statistics.ts'

const rounds = Number(process.argv[2] ?? '20')
const port = 7000
/** Answers each connection with the name of the guest. */
const script = `#!/bin/sh\nnc -ll -p ${port} -e /bin/uname -n &\n`

interface Heard {
  readonly sent: number
  readonly name: string
}

await using cloud = await TestCloud.start()
const { endpoint, region, accessKeyId, secretAccessKey } = await cloud.profile()
const client = new ec2.EC2Client({ endpoint, region, credentials: { accessKeyId, secretAccessKey } })
const guests = await launch()
const { AllocationId, PublicIp } = await client.send(new ec2.AllocateAddressCommand({}))
const heard: Heard[] = []
using prober = await openProber(PublicIp!)
const [answered, taken, left]: number[][] = [[], [], []]
let current = await moveTo(0)
for (let round = 1; round <= rounds; round++) {
  const next = 1 - current
  await pause(300 + 37 * (round % 7))
  const before = guests[current]!.name
  const sent = performance.timeOrigin + performance.now()
  current = await moveTo(next)
  answered!.push(performance.timeOrigin + performance.now() - sent)
  const first = await eventually(async () => heard.find((it) => it.sent > sent && it.name === guests[next]!.name))
  await pause(1_200)
  taken!.push(first.sent - sent)
  left!.push(Math.max(0, ...heard.filter((it) => it.sent > sent && it.name === before).map((it) => it.sent - sent)))
}
prober[Symbol.dispose]()
say('AssociateAddress is answered', answered!)
say('the other guest answers', taken!)
say('the one before answers last', left!)
client.destroy()

function say(what: string, times: readonly number[]): void {
  const { median, p99, least, most, count } = summarize(times)
  const [p50, ...rest] = [median, p99, least, most].map((it) => it.toFixed(0))
  console.log(`${what}: p50 ${p50} ms, p99 ${rest[0]} ms (${rest[1]} to ${rest[2]}), ${count} moves`)
}

async function moveTo(index: number): Promise<number> {
  const NetworkInterfaceId = guests[index]!.nic
  await client.send(new ec2.AssociateAddressCommand({ AllocationId: AllocationId!, NetworkInterfaceId }))
  return index
}

async function launch(): Promise<{ name: string; nic: string }[]> {
  const { SecurityGroups } = await client.send(new ec2.DescribeSecurityGroupsCommand({}))
  const IpPermissions = [{ IpProtocol: '-1', IpRanges: [{ CidrIp: '0.0.0.0/0' }] }]
  const GroupId = SecurityGroups![0]!.GroupId!
  await client.send(new ec2.AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions }))
  const UserData = Buffer.from(script).toString('base64')
  const input = { ImageId: await cloud.image(), MinCount: 2, MaxCount: 2, UserData }
  const { Instances } = await client.send(new ec2.RunInstancesCommand(input))
  await Promise.all(Instances!.map(({ PublicIpAddress: address }) => eventually(() => greets(address!))))
  return Instances!.map((it) => ({
    name: it.PrivateDnsName!.split('.')[0]!,
    nic: it.NetworkInterfaces![0]!.NetworkInterfaceId!,
  }))
}

function greets(address: string): Promise<string> {
  return cloud.outside('busybox', ['nc', '-w', '2', address, String(port)], 5_000)
}

async function openProber(address: string): Promise<Disposable> {
  const file = join(import.meta.dirname, 'bench/moves-prober.ts')
  const args = [`--net=/run/netns/${cloud.name}-internet`, process.execPath, file, address, String(port)]
  const child = spawn('nsenter', args, { stdio: ['ignore', 'pipe', 'inherit'] })
  createInterface({ input: child.stdout }).on('line', (line) => {
    const [sent = '', name = ''] = line.split(' ')
    heard.push({ sent: Number(sent), name })
  })
  return { [Symbol.dispose]: () => void child.kill() }
}
