import {
  DescribeInstancesCommand,
  EC2Client,
  type Instance,
  RunInstancesCommand,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { identify, sendKill } from '../../src/base/process.ts'
import { seededRandom } from '../../src/base/random.ts'
import { eventually, TestCloud } from './cloud.ts'
import { domainsOf, nothingLeft } from './leftovers.ts'

let cloud: TestCloud
let client: EC2Client
let ImageId: string

beforeAll(async () => {
  cloud = await TestCloud.start()
  const { endpoint, region, accessKeyId, secretAccessKey } = await cloud.profile()
  client = new EC2Client({ endpoint, region, credentials: { accessKeyId, secretAccessKey }, maxAttempts: 1 })
  ImageId = await cloud.image()
})

afterAll(async () => {
  client?.destroy()
  await cloud?.[Symbol.asyncDispose]()
})

async function instances(): Promise<Instance[]> {
  const { Reservations } = await client.send(new DescribeInstancesCommand({}))
  return Reservations!.flatMap((it) => it.Instances ?? [])
}

/** As a client that never gives up: the same token until an answer comes. */
function launch(token: string, count: number): Promise<unknown> {
  const request = { ImageId, InstanceType: 'm1.small' as const, MinCount: count, MaxCount: count, ClientToken: token }
  return eventually(() => client.send(new RunInstancesCommand(request)))
}

const victims = ['control plane', 'agent', 'both', 'virtual machine'] as const

async function kill(victim: (typeof victims)[number]): Promise<void> {
  if (victim === 'agent' || victim === 'both') end(await cloud.agentPid())
  if (victim === 'control plane' || victim === 'both') {
    await cloud.end('SIGKILL')
    await cloud.up()
  }
  if (victim === 'virtual machine') {
    const [first] = await domainsOf(cloud)
    if (first) end(first.pid)
  }
}

/** Whatever it was may have ended by itself a moment ago. */
function end(pid: number): void {
  const living = identify(pid)
  if (living) sendKill(living)
}

/** What an instance says of itself, beside what is really there. */
async function untruths(): Promise<string[]> {
  const running = new Set((await domainsOf(cloud)).map((it) => it.instance))
  return (await instances()).flatMap(({ InstanceId: id, State }) => {
    const state = State!.Name!
    if (state !== 'running' && state !== 'terminated') return [`${id} is still ${state}`]
    return (state === 'running') === running.has(id!)
      ? []
      : [`${id} says ${state}, its virtual machine ${running.has(id!) ? 'runs' : 'is gone'}`]
  })
}

test('whatever is killed during twenty launches, every instance ends in a true state and nothing leaks', {
  timeout: 600_000,
}, async () => {
  const seed = process.env.VITEST_SEED ?? String(Date.now())
  console.log(`kills: seed ${seed}`)
  const random = seededRandom(seed)
  for (let round = 0; round < 10; round++) {
    const victim = victims[random.bytes(1)[0]! % victims.length]!
    const delayMs = random.bytes(2).readUInt16BE() % 2_500
    const launched = launch(`${seed}-${round}`, 2)
    await new Promise((resolve) => setTimeout(resolve, delayMs))
    await kill(victim)
    await launched
    await eventually(async () => ((await untruths()).length === 0 ? true : undefined), 90_000)
    const ids = (await instances()).filter((it) => it.State!.Name === 'running').map((it) => it.InstanceId!)
    if (ids.length > 0 && round % 2 === 1) await client.send(new TerminateInstancesCommand({ InstanceIds: ids }))
  }
  const ids = (await instances()).map((it) => it.InstanceId!)
  expect(ids.length).toBe(20)
  await client.send(new TerminateInstancesCommand({ InstanceIds: ids }))
  await eventually(
    async () => ((await instances()).every((it) => it.State!.Name === 'terminated') ? true : undefined),
    90_000,
  )
  await nothingLeft(cloud)
})
