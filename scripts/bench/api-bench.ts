import type { ApiOptions } from './api.ts'
import { Client } from './client.ts'
import { FakeCloud, type FakeCloudOptions } from './fake-cloud.ts'
import { Floor } from './floor.ts'
import type { Job, Load } from './load.ts'
import { processorMsOf } from './machine.ts'
import type { Params } from './requests.ts'
import { median, type Summary, summarize } from './statistics.ts'

/** One call, by so many connections: how it is served, and how the floor sends as many bytes. */
export interface ApiRow {
  readonly title: string
  readonly connections: number
  readonly bytes: number
  readonly served: Rate
  readonly floor: Rate
}

export interface Rate {
  readonly perSecond: number
  readonly latencyMs: Summary
  /** What the server used of the processor, for each call: this depends least on what else the machine does. */
  readonly processorMs: number
}

/** What a server did in one round. */
interface Round extends Load {
  readonly processorMs: number
}

interface Call {
  readonly title: string
  /** The requests of one round. */
  readonly requests: () => readonly string[]
  /** What comes between rounds, unmeasured. */
  readonly rest?: () => Promise<unknown>
  readonly most: number
  /** Whether its answer waits for the disk; then the floor's does too. */
  readonly durable: boolean
}

const connectionCounts = [1, 8]
const mostMs = 1500
const mostRepeated = 2000
const launchesInARound = 60

/** A fake cloud, a floor and a client of both, and what was measured of them. */
export class ApiBench implements AsyncDisposable {
  readonly rows: ApiRow[] = []
  readonly cloud: FakeCloud
  readonly floor: Floor
  readonly #client: Client
  readonly #options: ApiOptions
  readonly #opened: AsyncDisposableStack
  #tokens = 0

  static async open(options: ApiOptions & FakeCloudOptions): Promise<ApiBench> {
    await using opened = new AsyncDisposableStack()
    const client = opened.use(new Client())
    const floor = opened.use(await Floor.open())
    const cloud = opened.use(await FakeCloud.open(options))
    return new ApiBench({ client, floor, cloud }, options, opened.move())
  }

  private constructor(
    { client, floor, cloud }: { client: Client; floor: Floor; cloud: FakeCloud },
    options: ApiOptions,
    opened: AsyncDisposableStack,
  ) {
    this.cloud = cloud
    this.floor = floor
    this.#client = client
    this.#options = options
    this.#opened = opened
  }

  /** Measures calls that nobody has sent before: so many others in each round. */
  fresh(title: string, make: () => readonly Params[]): Promise<void> {
    const requests = () => make().map((it) => this.cloud.request(it))
    return this.#measure({ title, requests, most: mostRepeated, durable: false })
  }

  /** Measures a call that can be sent again as it is, or calls in turn. */
  repeat(title: string, params: Params | readonly Params[], durable = false): Promise<void> {
    const requests = [params].flat().map((it) => this.cloud.request(it))
    return this.#measure({ title, requests: () => requests, most: mostRepeated, durable })
  }

  /** Measures launches of one instance each, on top of those that are there, in these subnets in turn. Between rounds all come to run. */
  async launches(subnets: readonly string[] = [], most = launchesInARound): Promise<void> {
    const stored = await this.cloud.allRunning()
    const where = (index: number): Params =>
      subnets.length === 0 ? {} : { SubnetId: subnets[index % subnets.length] ?? '' }
    await this.#measure({
      title: `RunInstances, durable; ${stored.toLocaleString('en')} stored before`,
      requests: () =>
        Array.from({ length: most }, (_, index) => this.cloud.request({ ...this.#launch(1), ...where(index) })),
      rest: () => this.cloud.allRunning(),
      most,
      durable: true,
    })
  }

  /** Launches as many instances as are missing to `count`. */
  async fillTo(count: number): Promise<void> {
    const missing = count - (await this.cloud.allRunning())
    if (missing <= 0) return
    await this.ask(this.#launch(missing))
    await this.cloud.allRunning()
  }

  async anInstance(): Promise<string> {
    const body = await this.ask({ Action: 'DescribeInstances', MaxResults: '5' })
    return /<instanceId>([^<]+)/.exec(body)?.[1] ?? ''
  }

  ask(params: Params): Promise<string> {
    return this.#client.once(this.cloud.serving.port, this.cloud.request(params))
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#opened.disposeAsync()
  }

  #launch(count: number): Params {
    return this.cloud.launchParams(count, `bench-${++this.#tokens}`)
  }

  async #measure(call: Call): Promise<void> {
    for (const connections of connectionCounts) {
      const row = await this.#row(call, connections)
      this.rows.push(row)
      this.#options.say(`${row.title}, ${connections} at once: ${row.served.perSecond.toFixed(0)} each second`)
    }
  }

  /** What follows a round belongs to its cost: work that its answers did not wait for. */
  async #round(pid: number, job: Job, rest?: () => Promise<unknown>): Promise<Round> {
    const before = await processorMsOf(pid)
    const load = await this.#client.send(job)
    await rest?.()
    return { ...load, processorMs: (await processorMsOf(pid)) - before }
  }

  /** Rounds of both in turn, after one that only warms up. */
  async #row(call: Call, connections: number): Promise<ApiRow> {
    const served: Round[] = []
    const floor: Round[] = []
    for (let round = 0; round <= this.#options.rounds; round++) {
      this.#options.abort.throwIfAborted()
      const job = { connections, requests: call.requests(), most: call.most, mostMs }
      const answered = await this.#round(this.cloud.pid, { ...job, port: this.cloud.serving.port }, call.rest)
      if (round === 0) await this.floor.behave({ body: answered.body, durable: call.durable })
      const bare = await this.#round(this.floor.pid, { ...job, most: mostRepeated, port: this.floor.port })
      if (round > 0) served.push(answered)
      if (round > 0) floor.push(bare)
    }
    const bytes = Buffer.byteLength(served[0]?.body ?? '')
    return { title: call.title, connections, bytes, served: rateOf(served), floor: rateOf(floor) }
  }
}

/** Rate and cost of the round in the middle, and the latencies of all. */
function rateOf(rounds: readonly Round[]): Rate {
  return {
    perSecond: median(rounds.map((it) => (it.latenciesMs.length / it.elapsedMs) * 1000)),
    latencyMs: summarize(rounds.flatMap((it) => it.latenciesMs)),
    processorMs: median(rounds.map((it) => it.processorMs / it.latenciesMs.length)),
  }
}
