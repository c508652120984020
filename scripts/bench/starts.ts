/** From starting the process to the first answer that it gives. */
import { Client } from './client.ts'
import { FakeCloud } from './fake-cloud.ts'
import { Floor } from './floor.ts'
import { type Summary, summarize } from './statistics.ts'

export interface Starts {
  readonly servedMs: Summary
  readonly floorMs: Summary
}

export async function measureStarts({
  rounds,
  abort,
}: {
  readonly rounds: number
  readonly abort: AbortSignal
}): Promise<Starts> {
  await using client = new Client()
  const served: number[] = []
  const floor: number[] = []
  for (let round = 0; round < rounds; round++) {
    abort.throwIfAborted()
    served.push(await startCloud())
    floor.push(await timed(() => startFloor(client)))
  }
  return { servedMs: summarize(served), floorMs: summarize(floor) }
}

async function startCloud(): Promise<number> {
  await using cloud = await FakeCloud.open()
  return cloud.readyMs
}

async function startFloor(client: Client): Promise<AsyncDisposable> {
  const floor = await Floor.open()
  await client.once(floor.port, 'GET / HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n')
  return floor
}

async function timed(start: () => Promise<AsyncDisposable>): Promise<number> {
  const before = performance.now()
  await using _started = await start()
  return performance.now() - before
}
