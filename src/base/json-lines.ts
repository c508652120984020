import type { Duplex } from 'node:stream'
import { Fault } from './fault.ts'

/** A longer line is an attack or a mistake. */
const longestLine = 64 * 1024 * 1024

/** Messages over a byte stream: one JSON object a line. A line that is no JSON, or too long, ends the stream with a Fault. */
export interface JsonLines<Out> {
  send(message: Out): void
  /** Whether the other side has yet to take what it was sent: what is sent now waits in memory. */
  readonly isBehind: boolean
  close(): void
}

/** Calls `receive` with each message that arrives, `closed` once, when no more can, and `caughtUp` when one that was behind is no more. */
export function jsonLines<In, Out>(
  stream: Duplex,
  on: { receive(message: In): void; closed(error?: Error): void; caughtUp?(): void },
  longest = longestLine,
): JsonLines<Out> {
  let pending: Buffer[] = []
  let size = 0
  let failure: Error | undefined
  const take = (line: Buffer) => {
    try {
      on.receive(JSON.parse(line.toString('utf8')) as In)
    } catch (cause) {
      stream.destroy(new Fault('a line of the stream could not be taken', { cause }))
    }
  }
  stream.on('data', (chunk: Buffer) => {
    let rest = chunk
    for (let end = rest.indexOf(10); end >= 0 && !stream.destroyed; end = rest.indexOf(10)) {
      take(Buffer.concat([...pending, rest.subarray(0, end)]))
      rest = rest.subarray(end + 1)
      pending = []
      size = 0
    }
    if (rest.length === 0) return
    pending.push(rest)
    size += rest.length
    if (size > longest) stream.destroy(new Fault(`a line of the stream is longer than ${longest} bytes`))
  })
  stream.once('error', (error) => {
    failure = error
  })
  stream.once('close', () => on.closed(failure))
  stream.on('drain', () => on.caughtUp?.())
  return {
    send: (message) => {
      if (stream.writable) stream.write(`${JSON.stringify(message)}\n`)
    },
    get isBehind() {
      return stream.writableNeedDrain
    },
    close: () => stream.destroy(),
  }
}
