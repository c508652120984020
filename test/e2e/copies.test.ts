/**
 * Guests that woke, or stood by, have no secret in common. `CUMULET_COPIES=1000` compares as many (half an hour on two processors); a few in CI.
 */
import {
  DescribeInstancesCommand,
  EC2Client,
  GetConsoleOutputCommand,
  RunInstancesCommand,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually, TestCloud } from './cloud.ts'
import { nothingLeft } from './leftovers.ts'

const copies = Number(process.env['CUMULET_COPIES'] ?? 6)
const together = 10
const script = `#!/bin/sh
random=$(head -c 32 /dev/urandom | hexdump -v -e '/1 "%02x"')
echo "copy: $(cat /sys/class/dmi/id/board_asset_tag) $(cat /sys/class/net/eth0/address) $(cat /proc/sys/kernel/random/boot_id) $random"
`

let cloud: TestCloud
let ec2: EC2Client
let image: string

beforeAll(async () => {
  cloud = await TestCloud.start()
  const { endpoint, region, accessKeyId, secretAccessKey } = await cloud.profile()
  ec2 = new EC2Client({ endpoint, region, credentials: { accessKeyId, secretAccessKey } })
  image = await cloud.image()
  await cloud.cumulet('image', 'warm', image, '--type', 'm1.small')
})
afterAll(async () => {
  ec2?.destroy()
  await cloud?.[Symbol.asyncDispose]()
})

/** What guests say of themselves on their consoles. */
interface Copy {
  readonly instance: string
  readonly mac: string
  readonly boot: string
  readonly random: string
  readonly hostKey: string
  readonly console: string
}

async function launch(count: number): Promise<Copy[]> {
  const UserData = Buffer.from(script).toString('base64')
  const shape = { ImageId: image, InstanceType: 'm1.small', UserData } as const
  const { Instances = [] } = await ec2.send(new RunInstancesCommand({ ...shape, MinCount: count, MaxCount: count }))
  const InstanceIds = Instances.map((it) => it.InstanceId!)
  const said: Copy[] = []
  for (const id of InstanceIds) said.push(await eventually(() => copyOf(id), 180_000))
  await ec2.send(new TerminateInstancesCommand({ InstanceIds }))
  await eventually(async () => {
    const { Reservations = [] } = await ec2.send(new DescribeInstancesCommand({ InstanceIds }))
    const states = Reservations.flatMap((it) => it.Instances ?? []).map((it) => it.State?.Name)
    return states.every((it) => it === 'terminated') || undefined
  })
  return said
}

async function copyOf(InstanceId: string): Promise<Copy | undefined> {
  const { Output = '' } = await ec2.send(new GetConsoleOutputCommand({ InstanceId, Latest: true }))
  const text = Buffer.from(Output, 'base64').toString('latin1')
  const [, instance, mac, boot, random] = /copy: (\S+) (\S+) (\S+) (\w{64})/.exec(text) ?? []
  const [, hostKey] = /BEGIN SSH HOST KEY KEYS-----\s+(ssh-ed25519 \S+)/.exec(text) ?? []
  if (!instance || !mac || !boot || !random || !hostKey || !text.includes('user data: ended')) return undefined
  expect(instance).toBe(InstanceId)
  return { instance, mac, boot, random, hostKey, console: text }
}

test('copies have host keys, random numbers, boot ids and addresses of their own', {
  timeout: 7_200_000,
}, async () => {
  const seen: Copy[] = []
  // The first is alone: it stood by. Of those that follow at once one does at most.
  for (let left = copies; left > 0; left = copies - seen.length)
    seen.push(...(await launch(seen.length === 0 ? 1 : Math.min(together, left))))
  for (const of of ['instance', 'mac', 'boot', 'random', 'hostKey'] as const)
    expect(new Set(seen.map((it) => it[of])).size, of).toBe(copies)
  expect(seen.filter((it) => !it.console.includes('cumulet: woken'))).toEqual([])
  await nothingLeft(cloud)
})
