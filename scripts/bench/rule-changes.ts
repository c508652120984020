/**
 * How long a rule takes from the signed request to the packet: control plane, agents, nftables and a flow of datagrams are
 * what a cloud has; the guests, but for two, are addresses and taps.
 */
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as pause } from 'node:timers/promises'
import { Fault } from '../../src/base/fault.ts'
import { type Status, statusPath } from '../../src/bin/control/status.ts'
import { lower, raise } from '../../src/drivers/network/box/box.ts'
import { type BoxConfig, usualBox } from '../../src/drivers/network/box/layout.ts'
import { routerNamespace, tapName } from '../../src/drivers/network/linux/names.ts'
import { Child } from './child.ts'
import type { Serving } from './control-plane.ts'
import { call, type Params } from './requests.ts'
import type { AgentsJob } from './rule-agents.ts'
import { type Summary, summarize } from './statistics.ts'
import { inside, putInPlaceOfTap, type Wired } from './wired-world.ts'

export interface RuleChanges {
  readonly members: number
  readonly hosts: number
  /** Milliseconds from before the request until the first datagram arrived, or the last. */
  readonly authorize: Summary
  readonly revoke: Summary
  /** Until the address of a new instance is a member on the other hosts. */
  readonly membership: Summary
  /** Until the request was answered. */
  readonly answered: Summary
}

interface Options {
  readonly members: number
  readonly rounds: number
  readonly say: (text: string) => void
  readonly abort: AbortSignal
}

const port = 7007
/** Instances of one launch: each goes to the next zone. */
const batch = 20
/** Nothing that was under way arrives after this. */
const quietMs = 150
const patienceMs = 10_000

export async function measureRuleChanges({ members, rounds, say, abort }: Options): Promise<RuleChanges> {
  await using open = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'cumulet-rules-'))
  open.defer(() => rm(folder, { recursive: true, force: true }))
  const control = open.use(new Child<string, Serving>('control-plane.ts', { arguments: [folder] }))
  const serving = await control.hear()
  const box = usualBox(
    `b${Math.random().toString(36).slice(2, 10)}`,
    serving.hosts.filter((it) => !it.startsWith('edge')),
    {
      machine: 'off',
    },
  )
  open.defer(() => lower(box.cloud, abort))
  await raise(box, abort)
  const agents = open.use(new Child<AgentsJob, string>('rule-agents.ts'))
  await agents.ask({ socket: serving.agentsSocket, folder, box, hosts: serving.hosts })
  const cloud = new RuleCloud(serving, box)
  say(`launching ${members} instances`)
  await cloud.fill(members)
  const [one, two] = await cloud.twoGuests(open)
  const flow = open.use(await Flow.begin(one, two))
  const taken = { authorize: [] as number[], revoke: [] as number[], answered: [] as number[] }
  for (let round = 0; round <= rounds; round++) {
    abort.throwIfAborted()
    const opened = await flow.untilFirst(() => cloud.change('Authorize'))
    const closed = await flow.untilLast(() => cloud.change('Revoke'))
    if (round === 0) continue // Nothing was read or compiled before.
    taken.authorize.push(opened.ms)
    taken.revoke.push(closed.ms)
    taken.answered.push(opened.answeredMs, closed.answeredMs)
  }
  await cloud.change('Authorize')
  const membership: number[] = []
  for (let round = 0; round < Math.min(rounds, 20); round++) membership.push(...(await cloud.untilMember()))
  return {
    members,
    hosts: box.hosts.length,
    authorize: summarize(taken.authorize),
    revoke: summarize(taken.revoke),
    answered: summarize(taken.answered),
    membership: summarize(membership),
  }
}

interface Guest {
  readonly interfaceId: `eni-${string}`
  readonly address: string
  readonly mac: string
}

/** Requests to the cloud, and where its guests are. */
class RuleCloud {
  readonly #serving: Serving
  readonly #box: BoxConfig
  #group = ''
  #vpc = ''
  #launched = 0

  constructor(serving: Serving, box: BoxConfig) {
    this.#serving = serving
    this.#box = box
  }

  /** Runs this many instances, all in one group that lets in nothing. */
  async fill(count: number): Promise<void> {
    const made = await this.#call({ Action: 'CreateSecurityGroup', GroupName: 'bench', GroupDescription: 'bench' })
    this.#group = /<groupId>(sg-[0-9a-f]+)</.exec(made)?.[1] ?? ''
    const described = await this.#call({ Action: 'DescribeSecurityGroups', 'GroupId.1': this.#group })
    this.#vpc = /<vpcId>(vpc-[0-9a-f]+)</.exec(described)?.[1] ?? ''
    for (let rest = count; rest > 0; rest -= batch) await this.#launch(Math.min(batch, rest))
    await this.#settled(count)
  }

  /** Lets in, or no longer, datagrams from members of the group to each other. */
  async change(verb: 'Authorize' | 'Revoke'): Promise<void> {
    await this.#call({
      Action: `${verb}SecurityGroupIngress`,
      GroupId: this.#group,
      'IpPermissions.1.IpProtocol': 'udp',
      'IpPermissions.1.FromPort': `${port}`,
      'IpPermissions.1.ToPort': `${port}`,
      'IpPermissions.1.Groups.1.GroupId': this.#group,
    })
  }

  /** Two guests on different hosts, with wires in place of their taps. */
  async twoGuests(open: AsyncDisposableStack): Promise<[Wired, Wired]> {
    const guests = await this.#guests()
    const wired: Wired[] = []
    for (const { host } of this.#box.hosts.slice(0, 2)) {
      const router = this.#router(host)
      const shown = await inside(router, ['ip', '-o', 'link', 'show'])
      const guest = guests.find((it) => shown.includes(`${tapName(it.interfaceId)}:`))
      if (!guest) throw new Fault(`no guest on ${host}`)
      const gateway = guest.address.replace(/\.\d+\.\d+$/, `.${(Number(guest.address.split('.')[2]) >> 4) << 4}.1`)
      wired.push(await putInPlaceOfTap(open, { router, gateway, id: guest.interfaceId, ...guest }))
    }
    return [wired[0]!, wired[1]!] // one for each of two hosts
  }

  /** Launches one more; when its address was a member on each host where it is not, in ms since before the request. */
  async untilMember(): Promise<number[]> {
    await using open = new AsyncDisposableStack()
    const heard: { host: string; ms: number; address: string }[] = []
    for (const { host } of this.#box.hosts) {
      const command = [`--net=/run/netns/${this.#router(host)}`, 'nft', 'monitor', 'new', 'elements']
      const child = spawn('nsenter', command, { stdio: ['ignore', 'pipe', 'inherit'] })
      open.defer(() => void child.kill())
      createInterface(child.stdout).on('line', (line) => {
        const address = /-members \{ ([\d.]+) \}/.exec(line)?.[1]
        if (address) heard.push({ host, ms: performance.now(), address })
      })
    }
    await pause(300) // It says nothing when it listens.
    heard.length = 0
    const begun = performance.now()
    await this.#launch(1)
    const end = begun + patienceMs
    while (heard.length < this.#box.hosts.length && performance.now() < end) await pause(5)
    if (heard.length < this.#box.hosts.length) throw new Fault('a member was not told of')
    const [last] = heard.toSorted((a, b) => a.ms - b.ms).slice(-1)
    await this.#settled(this.#launched)
    return [last!.ms - begun] // there is one for each host
  }

  async #launch(count: number): Promise<void> {
    const zone = `${this.#serving.region}${'abc'.charAt(Math.floor(this.#launched / batch) % 3)}`
    this.#launched += count
    const counts = { MinCount: `${count}`, MaxCount: `${count}` }
    await this.#call({
      Action: 'RunInstances',
      ImageId: this.#serving.image,
      ...counts,
      'Placement.AvailabilityZone': zone,
      'SecurityGroupId.1': this.#group,
      ClientToken: `launch-${this.#launched}`,
    })
  }

  async #guests(): Promise<Guest[]> {
    const text = await this.#call({ Action: 'DescribeNetworkInterfaces' })
    const found = text.matchAll(
      /<macAddress>([0-9a-f:]+)<.*?<networkInterfaceId>(eni-[0-9a-f]+)<.*?<privateIpAddress>([\d.]+)</gs,
    )
    return [...found].map(([, mac = '', id = '', address = '']) => ({
      interfaceId: id as Guest['interfaceId'],
      mac,
      address,
    }))
  }

  #router(host: string): string {
    return routerNamespace(this.#box.cloud, host, this.#vpc as `vpc-${string}`)
  }

  #call(params: Params): Promise<string> {
    return call(this.#serving, params)
  }

  async #settled(running: number): Promise<void> {
    const end = performance.now() + 300_000
    while (performance.now() < end) {
      const answer = await fetch(`http://127.0.0.1:${this.#serving.port}${statusPath}`)
      const { hosts, instances } = (await answer.json()) as Status
      if (instances.running === running && hosts.every((it) => it.settled)) return
      await pause(50)
    }
    throw new Fault('the cloud did not come to rest')
  }
}

/** A datagram each millisecond from one guest to the other. */
class Flow implements Disposable {
  readonly #stack: DisposableStack
  #last = 0
  #first: ((at: number) => void) | undefined

  static async begin(from: Wired, to: Wired): Promise<Flow> {
    using stack = new DisposableStack()
    const flow = new Flow(stack.move())
    await flow.#start(to, 'hear', to.address, (line) => flow.#arrived(Number(line)))
    await flow.#start(from, 'send', to.address, () => {})
    return flow
  }

  private constructor(stack: DisposableStack) {
    this.#stack = stack
  }

  async untilFirst(change: () => Promise<void>): Promise<{ ms: number; answeredMs: number }> {
    const first = new Promise<number>((resolve) => {
      this.#first = resolve
    })
    const begun = now()
    await change()
    const answeredMs = now() - begun
    const late = pause(patienceMs).then(() => Promise.reject(new Fault('nothing arrived')))
    return { ms: (await Promise.race([first, late])) - begun, answeredMs }
  }

  async untilLast(change: () => Promise<void>): Promise<{ ms: number; answeredMs: number }> {
    await pause(quietMs)
    const begun = now()
    await change()
    const answeredMs = now() - begun
    while (now() - Math.max(this.#last, begun) < quietMs) await pause(10)
    return { ms: Math.max(0, this.#last - begun), answeredMs }
  }

  #arrived(at: number): void {
    this.#last = at
    this.#first?.(at)
    this.#first = undefined
  }

  async #start({ namespace }: Wired, what: string, address: string, hear: (line: string) => void): Promise<void> {
    const script = join(import.meta.dirname, 'arrivals.py')
    const command = [`--net=/run/netns/${namespace}`, '/usr/bin/python3', script, what, address, `${port}`]
    const child = spawn('nsenter', command, { stdio: ['ignore', 'pipe', 'inherit'] })
    this.#stack.defer(() => void child.kill())
    const lines = createInterface(child.stdout)
    await new Promise<void>((resolve) => {
      lines.on('line', (line) => (line === 'up' ? resolve() : hear(line)))
    })
  }

  [Symbol.dispose](): void {
    this.#stack.dispose()
  }
}

/** The kernel's monotonic clock, as Python has it, in milliseconds. */
function now(): number {
  return Number(process.hrtime.bigint()) / 1e6
}
