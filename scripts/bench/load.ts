/**
 * The client of measurements, in a process of its own: sends requests that were signed before, over connections that are
 * kept, the next on each as soon as the last is answered. Started with an IPC channel; each message is a `Job`.
 */
import { connect, type Socket } from 'node:net'

export interface Job {
  readonly port: number
  readonly connections: number
  /** Whole requests, one byte a character; sent in turn, from the beginning again after the last. */
  readonly requests: readonly string[]
  /** What ends it: so many requests, or so many milliseconds, whichever is first. */
  readonly most: number
  readonly mostMs: number
}

export interface Load {
  readonly elapsedMs: number
  readonly latenciesMs: readonly number[]
  /** The last answer's body. */
  readonly body: string
}

export type Told = { readonly ok: true; readonly load: Load } | { readonly ok: false; readonly message: string }

interface Answer {
  readonly status: number
  readonly body: Buffer
}

/** One connection, one request at a time. */
class Wire {
  readonly #socket: Socket
  #chunks: Buffer[] = []
  #size = 0
  #expected = Number.POSITIVE_INFINITY
  #waiting: { resolve(answer: Answer): void; reject(error: Error): void } | undefined

  static async open(port: number): Promise<Wire> {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true })
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject))
    return new Wire(socket)
  }

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => this.#take(chunk))
    socket.on('close', () => this.#waiting?.reject(new Error('the server hung up')))
    socket.on('error', () => {}) // 'close' follows.
  }

  send(request: Buffer): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
      this.#socket.write(request)
    })
  }

  close(): void {
    this.#waiting = undefined
    this.#socket.destroy()
  }

  #take(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#size += chunk.length
    if (this.#expected === Number.POSITIVE_INFINITY) this.#expected = lengthOf(Buffer.concat(this.#chunks))
    if (this.#size < this.#expected) return
    const whole = Buffer.concat(this.#chunks)
    this.#chunks = []
    this.#size = 0
    this.#expected = Number.POSITIVE_INFINITY
    this.#waiting?.resolve({ status: Number(whole.toString('latin1', 9, 12)), body: whole.subarray(endOfHead(whole)) })
  }
}

function endOfHead(bytes: Buffer): number {
  return bytes.indexOf('\r\n\r\n') + 4
}

/** Length of the whole answer, once its head is there. Servers that are measured say Content-Length. */
function lengthOf(bytes: Buffer): number {
  const head = endOfHead(bytes)
  if (head < 4) return Number.POSITIVE_INFINITY
  return head + Number(/\ncontent-length: *(\d+)/i.exec(bytes.toString('latin1', 0, head))?.[1] ?? 0)
}

async function carryOut({ port, connections, requests, most, mostMs }: Job): Promise<Load> {
  const bytes = requests.map((it) => Buffer.from(it, 'latin1'))
  const wires = await Promise.all(Array.from({ length: connections }, () => Wire.open(port)))
  const latenciesMs: number[] = []
  let sent = 0
  let last: Answer | undefined
  const begun = performance.now()
  const drive = async (wire: Wire) => {
    while (sent < most && performance.now() - begun < mostMs) {
      const request = bytes[sent++ % bytes.length]!
      const before = performance.now()
      last = await wire.send(request)
      latenciesMs.push(performance.now() - before)
      if (last.status !== 200) throw new Error(`answered ${last.status}: ${last.body.toString('utf8').slice(0, 500)}`)
    }
  }
  try {
    await Promise.all(wires.map(drive))
    return { elapsedMs: performance.now() - begun, latenciesMs, body: last?.body.toString('utf8') ?? '' }
  } finally {
    for (const wire of wires) wire.close()
  }
}

process.on('message', (job: Job) => {
  carryOut(job).then(
    (load) => tell({ ok: true, load }),
    (error: unknown) => tell({ ok: false, message: error instanceof Error ? error.message : String(error) }),
  )
})

function tell(told: Told): void {
  process.send?.(told)
}
