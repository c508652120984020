/** What it costs to move a file by AWS CLI, up and down: beside `cp`, and beside a server that keeps nothing. */
import { randomFillSync } from 'node:crypto'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { run } from '../../src/base/subprocess.ts'
import { Child } from './child.ts'
import { Client } from './client.ts'
import { FakeCloud } from './fake-cloud.ts'
import { mostResidentMiB } from './machine.ts'
import { copy, type Move, Mover, type Way } from './mover.ts'
import { median, type Summary, summarize } from './statistics.ts'

export interface ObjectsResult {
  readonly mebibytes: number
  readonly client: string
  readonly copyMs: Summary
  readonly flushedMs: Summary
  readonly moves: Readonly<Record<Way, Moved>>
  /** An API call when nothing is moved. */
  readonly restMs: Summary
  /** Most of resident memory, before anything was moved and in the end. */
  readonly memoryMiB: { readonly before: number; readonly most: number }
}

export interface Moved {
  readonly servedMs: Summary
  readonly floorMs: Summary
  /** What the servers used of a processor for it. */
  readonly servedProcessorMs: number
  readonly floorProcessorMs: number
  /** An API call meanwhile. */
  readonly callMs: Summary
}

export interface ObjectsOptions {
  readonly rounds: number
  readonly say: (text: string) => void
  readonly profileTo?: string | undefined
  readonly abort: AbortSignal
}

const bytes = 2 ** 30
const betweenCallsMs = 20

export async function measureObjects(options: ObjectsOptions): Promise<ObjectsResult> {
  await using bench = await ObjectsBench.open(options)
  const restMs = await bench.callsAtRest()
  const before = await mostResidentMiB(bench.cloud.pid)
  const copies: number[] = []
  const flushed: number[] = []
  for (let round = 0; round < options.rounds; round++) {
    options.abort.throwIfAborted()
    copies.push(await copy(bench.file, false))
    flushed.push(await copy(bench.file, true))
    for (const way of ['up', 'down'] as const) await bench.round(way)
  }
  return {
    mebibytes: bytes / 2 ** 20,
    client: (await run('/usr/bin/aws', ['--version'])).split(' ')[0] ?? '',
    copyMs: summarize(copies),
    flushedMs: summarize(flushed),
    moves: { up: bench.moved('up'), down: bench.moved('down') },
    restMs,
    memoryMiB: { before, most: await mostResidentMiB(bench.cloud.pid) },
  }
}

interface Taken {
  readonly served: Move[]
  readonly floor: Move[]
  readonly callMs: number[]
}

class ObjectsBench implements AsyncDisposable {
  readonly cloud: FakeCloud
  readonly file: string
  readonly #movers: { readonly served: Mover; readonly floor: Mover }
  readonly #caller: Client
  readonly #say: (text: string) => void
  readonly #opened: AsyncDisposableStack
  readonly #taken: Readonly<Record<Way, Taken>> = {
    up: { served: [], floor: [], callMs: [] },
    down: { served: [], floor: [], callMs: [] },
  }

  static async open({ say, profileTo }: ObjectsOptions): Promise<ObjectsBench> {
    await using opened = new AsyncDisposableStack()
    const folder = await mkdtemp(join(tmpdir(), 'cumulet-bench-objects-'))
    opened.defer(() => rm(folder, { recursive: true, force: true }))
    await fill(join(folder, 'file'))
    const cloud = opened.use(await FakeCloud.open({ profileTo }))
    const bare = opened.use(new Child<string, { port: number }>('bare-objects.ts', { arguments: [String(bytes)] }))
    const { port } = await bare.hear()
    const { region, credentials } = cloud.serving
    const served = new Mover({ folder, region, credentials, pid: cloud.pid, port: cloud.serving.port })
    await served.aws('s3', 'mb', 's3://bench')
    const floor = new Mover({ folder, region, credentials, pid: bare.pid, port })
    const caller = opened.use(new Client())
    return new ObjectsBench({ cloud, folder, served, floor, caller, say }, opened.move())
  }

  private constructor(
    parts: {
      cloud: FakeCloud
      folder: string
      served: Mover
      floor: Mover
      caller: Client
      say: (text: string) => void
    },
    opened: AsyncDisposableStack,
  ) {
    this.cloud = parts.cloud
    this.file = join(parts.folder, 'file')
    this.#movers = parts
    this.#caller = parts.caller
    this.#say = parts.say
    this.#opened = opened
  }

  /** After as many that only warm up. */
  async callsAtRest(): Promise<Summary> {
    const callMs: number[] = []
    for (let call = 0; call < 200; call++) callMs.push(await this.#call())
    return summarize(callMs.slice(100))
  }

  async round(way: Way): Promise<void> {
    const taken = this.#taken[way]
    taken.floor.push(await this.#movers.floor.move(way))
    const moving = { over: false }
    const move = this.#movers.served.move(way).finally(() => {
      moving.over = true
    })
    while (!moving.over) taken.callMs.push(await this.#call())
    const served = await move
    taken.served.push(served)
    if (way === 'down') await run('/usr/bin/cmp', [this.file, this.file.replace(/file$/, 'down')])
    this.#say(`1 GiB ${way}: ${served.ms.toFixed(0)} ms`)
  }

  moved(way: Way): Moved {
    const { served, floor, callMs } = this.#taken[way]
    return {
      servedMs: summarize(served.map((it) => it.ms)),
      floorMs: summarize(floor.map((it) => it.ms)),
      servedProcessorMs: median(served.map((it) => it.processorMs)),
      floorProcessorMs: median(floor.map((it) => it.processorMs)),
      callMs: summarize(callMs),
    }
  }

  /** Now and then: calls one behind the other would take of the machine what is measured here. */
  async #call(): Promise<number> {
    await pause(betweenCallsMs)
    const requests = [this.cloud.request({ Action: 'DescribeRegions' })]
    const job = { port: this.cloud.serving.port, connections: 1, requests, most: 1, mostMs: 60_000 }
    return (await this.#caller.send(job)).latenciesMs[0]! // one was sent
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#opened.disposeAsync()
  }
}

/** Random bytes: nothing on the way can make them fewer. */
async function fill(file: string): Promise<void> {
  await using handle = await open(file, 'w')
  const piece = Buffer.alloc(2 ** 22)
  for (let left = bytes; left > 0; left -= piece.length) await handle.write(randomFillSync(piece))
  await handle.sync()
}
