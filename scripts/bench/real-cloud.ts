/** A cloud with real guests, and the times of its launches. */
import { existsSync } from 'node:fs'
import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { Fault } from '../../src/base/fault.ts'
import { type Status, statusPath } from '../../src/bin/control/status.ts'
import { runningProcess } from '../../src/bin/running.ts'
import { pathsOf, type Settings } from '../../src/bin/settings.ts'
import { TestCloud } from '../../test/e2e/cloud.ts'
import { call, type Params, type Target } from './requests.ts'
import { guestTimes, Lookout, now, patienceFor, type Stage, since, type Times } from './stages.ts'

const patienceMs = 120_000
const key = 'bench'

/** What the agent calls the stages. */
const logged: Readonly<Record<string, Stage>> = {
  'keep-spec': 'spec',
  'provide-disks': 'disks',
  'program-router': 'router',
  exec: 'exec',
  run: 'run',
}

interface LogLine {
  readonly time: string
  readonly stage: string
  readonly host?: string
  readonly part?: string
  readonly err?: object
}

interface Launched {
  readonly ids: readonly string[]
  readonly addresses: readonly string[]
  readonly sent: number
  readonly answered: number
}

export class RealCloud implements AsyncDisposable {
  readonly cloud: TestCloud
  readonly #target: Target
  readonly #image: string
  readonly #abort: AbortSignal

  static async start(abort: AbortSignal): Promise<RealCloud> {
    process.env.CUMULET_DEBUG = 'yes' // The agent inherits it, and logs its stages.
    await using opened = new AsyncDisposableStack()
    const cloud = opened.use(await TestCloud.start())
    const { endpoint, region, accessKeyId, secretAccessKey } = await cloud.profile()
    const target = {
      port: Number(new URL(endpoint).port),
      region,
      credentials: { accessKeyId, secret: secretAccessKey },
    }
    await call(target, { Action: 'CreateKeyPair', KeyName: key, KeyType: 'ed25519' })
    await call(target, letIn)
    abort.throwIfAborted()
    opened.move()
    return new RealCloud({ cloud, target, abort, image: await cloud.image() })
  }

  private constructor(parts: { cloud: TestCloud; target: Target; image: string; abort: AbortSignal }) {
    this.cloud = parts.cloud
    this.#target = parts.target
    this.#image = parts.image
    this.#abort = parts.abort
  }

  get paths() {
    return pathsOf(this.cloud.data)
  }

  /** Has the next launch boot: what others are woken from is gone. */
  async forgetParked(): Promise<void> {
    await this.forgetStandby()
    for (const it of await this.#parked()) await rm(join(this.paths.parked, it), { recursive: true })
  }

  /** Has the next launch wake: no machine stands by for it. */
  async forgetStandby(): Promise<void> {
    await rm(this.#standby, { recursive: true, force: true })
  }

  /** Resolves once so many machines stand by for the next launches: then nothing else is done in the background. */
  async hasStandby(count = 1): Promise<void> {
    await this.#until(async () => {
      const numbers = await readdir(this.#standby).catch(() => [])
      return numbers.filter((it) => existsSync(join(this.#standby, it, 'standby.json'))).length >= count || undefined
    }, count * patienceMs)
  }

  /** Has so many stand by after a launch, from now on: the agent starts anew. */
  async allowStandbys(count: number): Promise<void> {
    const { settings, agentState } = this.paths
    const kept = JSON.parse(await readFile(settings, 'utf8')) as Settings
    await writeFile(settings, JSON.stringify({ ...kept, standbys: count }))
    const before = await runningProcess(agentState)
    if (!before) throw new Fault('the agent does not run')
    process.kill(before.pid, 'SIGTERM')
    await this.#until(async () => ((await runningProcess(agentState)) ?? before).pid !== before.pid || undefined)
    await this.#until(async () => (await this.#status()).hosts.every((it) => it.connected) || undefined)
  }

  async #status(): Promise<Status> {
    return (await (await fetch(`http://127.0.0.1:${this.#target.port}${statusPath}`)).json()) as Status
  }

  get #standby(): string {
    return join(this.paths.parked, 'standby')
  }

  async #parked(): Promise<string[]> {
    return (await readdir(this.paths.parked)).filter((it) => /^[0-9a-f]{24}$/.test(it))
  }

  /** Launches one instance and ends it again. Times since the request was sent. */
  async launchOne(type: string): Promise<Times> {
    await using lookout = await this.#lookout()
    const launched = await this.#launch(type, 1)
    const banner = Math.max(...(await this.#banners(lookout, launched)).values())
    const guest = guestTimes(await this.#console(launched.ids[0]!), banner) // one was launched
    const times = { answered: launched.answered, ...(await this.#agentTimes(launched.sent)), ...guest }
    await this.#terminate(launched.ids)
    return since(launched.sent, times)
  }

  /** Launches many at once and ends them. Milliseconds from the request until each of them answered. */
  async launchMany(type: string, count: number): Promise<number[]> {
    await using lookout = await this.#lookout()
    const launched = await this.#launch(type, count)
    const seen = await this.#banners(lookout, launched)
    await this.#terminate(launched.ids)
    return [...seen.values()].map((at) => at - launched.sent)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.cloud[Symbol.asyncDispose]()
  }

  async #launch(type: string, count: number): Promise<Launched> {
    const counts = { MinCount: String(count), MaxCount: String(count) }
    const params = { Action: 'RunInstances', ImageId: this.#image, InstanceType: type, KeyName: key, ...counts }
    const sent = now()
    const body = await call(this.#target, params)
    return { sent, answered: now(), ids: all(body, 'instanceId'), addresses: all(body, 'ipAddress') }
  }

  #lookout(): Promise<Lookout> {
    return Lookout.open(`${this.cloud.name}-internet`)
  }

  async #banners(lookout: Lookout, { addresses, ids }: Launched): Promise<ReadonlyMap<string, number>> {
    if (addresses.length !== ids.length) throw new Fault('an instance has no public address')
    return await lookout.see(addresses, patienceFor(addresses.length, this.#abort))
  }

  async #console(id: string): Promise<string> {
    return this.#until(async () => {
      const body = await call(this.#target, { Action: 'GetConsoleOutput', InstanceId: id, Latest: 'true' })
      const text = Buffer.from(/<output>([^<]*)/.exec(body)?.[1] ?? '', 'base64').toString('utf8')
      return text.includes('SSH is open') ? text : undefined
    })
  }

  /** The first of each stage since then: no other launch is under way. */
  async #agentTimes(sent: number): Promise<Times> {
    const text = await readFile(this.paths.agentLog, 'utf8')
    const times: Times = {}
    for (const line of text.split('\n').filter((it) => it.includes('"stage"'))) {
      const { time, stage, host, part, err } = JSON.parse(line) as LogLine
      const name = logged[stage]
      if (name && !err && host !== edge && part !== 'parking' && Date.parse(time) >= sent)
        times[name] ??= Date.parse(time)
    }
    return times
  }

  async #terminate(ids: readonly string[]): Promise<void> {
    const named = Object.fromEntries(ids.map((id, index) => [`InstanceId.${index + 1}`, id]))
    await call(this.#target, { Action: 'TerminateInstances', ...named })
    await this.#until(async () => {
      const body = await call(this.#target, { Action: 'DescribeInstances', ...named })
      return all(body, 'name').filter((it) => it === 'terminated').length === ids.length || undefined
    })
  }

  async #until<T>(look: () => Promise<T | undefined>, limitMs = patienceMs): Promise<T> {
    for (const end = now() + limitMs; now() < end; await pause(100, undefined, { signal: this.#abort })) {
      const found = await look()
      if (found !== undefined) return found
    }
    throw new Fault('the cloud did not do what was waited for')
  }
}

const edge = 'edge1'

const letIn: Params = {
  Action: 'AuthorizeSecurityGroupIngress',
  GroupName: 'default',
  'IpPermissions.1.IpProtocol': 'tcp',
  'IpPermissions.1.FromPort': '22',
  'IpPermissions.1.ToPort': '22',
  'IpPermissions.1.IpRanges.1.CidrIp': '0.0.0.0/0',
}

function all(xml: string, tag: string): string[] {
  return [...xml.matchAll(new RegExp(`<${tag}>([^<]*)</${tag}>`, 'g'))].map((it) => it[1] ?? '')
}
