/** What the API costs: each call beside a server that only sends the same bytes, measured in turn. */
import { Client } from './client.ts'
import { measureCommits } from './commits.ts'
import { FakeCloud } from './fake-cloud.ts'
import { Floor } from './floor.ts'
import type { Load } from './load.ts'
import { type Memory, memoryOf } from './machine.ts'
import type { Params } from './requests.ts'
import { type Starts, measureStarts } from './starts.ts'
import { median, type Summary, summarize } from './statistics.ts'

export interface Rate {
  readonly perSecond: number
  readonly latencyMs: Summary
}

/** One call, by so many connections: how it is served, and how the floor sends as many bytes. */
export interface ApiRow {
  readonly title: string
  readonly connections: number
  readonly bytes: number
  readonly served: Rate
  readonly floor: Rate
}

export interface ApiResult {
  readonly rows: readonly ApiRow[]
  /** How long one commit takes to reach the disk. */
  readonly commitMs: Summary
  readonly memory: Readonly<Record<'idle' | 'full' | 'floor', Memory>>
  readonly starts: Starts
}

export interface ApiOptions {
  readonly rounds: number
  readonly say: (text: string) => void
  /** Where CPU profiles of the control plane go, if they are wanted. */
  readonly profileTo?: string | undefined
}

const connectionCounts = [1, 8]
/** What ends one round of a call. */
const round = { most: 2000, mostMs: 1500 }
const launchesInARound = 60

export async function measureApi(options: ApiOptions): Promise<ApiResult> {
  await using bench = await ApiBench.open(options)
  const idle = await bench.memory()
  await bench.describes('DescribeInstances, none stored', {})
  await bench.launches('RunInstances, durable; few stored')
  await bench.fillTo(1000)
  await bench.describes('DescribeInstances, all of 1,000', {})
  await bench.describes('DescribeInstances, one of 1,000', { 'InstanceId.1': await bench.anInstance() })
  await bench.launches('RunInstances, durable; 1,000 stored')
  const memory = { idle, full: await bench.memory(), floor: await memoryOf(bench.floor.pid) }
  return { rows: bench.rows, memory, commitMs: await measureCommits(), starts: await measureStarts(options.rounds) }
}

class ApiBench implements AsyncDisposable {
  readonly rows: ApiRow[] = []
  readonly floor: Floor
  readonly #cloud: FakeCloud
  readonly #client: Client
  readonly #options: ApiOptions
  readonly #opened: AsyncDisposableStack
  #tokens = 0

  static async open(options: ApiOptions): Promise<ApiBench> {
    await using opened = new AsyncDisposableStack()
    const client = opened.use(new Client())
    const floor = opened.use(await Floor.open())
    const cloud = opened.use(await FakeCloud.open(options.profileTo))
    return new ApiBench({ client, floor, cloud, options, opened: opened.move() })
  }

  private constructor(parts: {
    client: Client
    floor: Floor
    cloud: FakeCloud
    options: ApiOptions
    opened: AsyncDisposableStack
  }) {
    this.floor = parts.floor
    this.#client = parts.client
    this.#cloud = parts.cloud
    this.#options = parts.options
    this.#opened = parts.opened
  }

  /** A call that may be repeated as it is. */
  async describes(title: string, params: Params): Promise<void> {
    const request = this.#cloud.request({ Action: 'DescribeInstances', ...params })
    await this.#measure(title, () => [request], round)
  }
}
