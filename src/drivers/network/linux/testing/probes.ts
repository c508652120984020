import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import type { DropReason } from '../../../../host-api/drops.ts'
import type { InterfaceId } from '../../../../model/ids.ts'
import type { LinuxNetwork } from '../driver.ts'

/** Something in a network namespace: a guest, a place of the box. */
interface Inside {
  readonly namespace: string
  run(argv: readonly string[], options?: { timeoutMs?: number }): Promise<string>
}

/** The addresses that answer an ICMP echo on the way to `address`, the last of them itself. */
export async function hops(from: Inside, address: string): Promise<string[]> {
  const out = await from.run(['traceroute', '-I', '-n', '-q1', '-w2', '-m', '8', address])
  return out
    .trim()
    .split('\n')
    .slice(1)
    .map((it) => it.trim().split(/\s+/)[1] ?? '')
}

/** How many packets of the vif were dropped for this reason. */
export async function drops(net: LinuxNetwork, reason: DropReason, vif: InterfaceId): Promise<number> {
  const found = await net.drops(new AbortController().signal)
  return found.find((it) => it.vif === vif && it.reason === reason)?.packets ?? -1
}

/** Whether a packet that `filter` (tcpdump's) describes arrives while `action` runs. */
export async function received(
  at: Inside,
  filter: string,
  action: () => Promise<unknown>,
  device = 'eth0',
): Promise<boolean> {
  return (await receivedLines(at, filter, action, device)).length > 0
}

/** What tcpdump says of the packets that arrive while `action` runs: one line each. */
export async function receivedLines(
  at: Inside,
  filter: string,
  action: () => Promise<unknown>,
  device = 'eth0',
): Promise<string[]> {
  const capture = await Capture.start(at, filter, device)
  await action()
  return await capture.end()
}

/** tcpdump, listening to what arrives; behind a tap that is what goes out. */
export class Capture {
  readonly #child: ChildProcessByStdio<null, Readable, Readable>
  readonly #lines: string[] = []

  private constructor(child: ChildProcessByStdio<null, Readable, Readable>) {
    this.#child = child
    createInterface(child.stdout).on('line', (it) => {
      if (/^\d\d:/.test(it)) this.#lines.push(it)
    })
  }

  static async start(
    at: Pick<Inside, 'namespace'>,
    filter: string,
    device = 'eth0',
    direction: 'in' | 'out' = 'in',
  ): Promise<Capture> {
    const dump = ['tcpdump', '-nnvl', '--immediate-mode', '-i', device, '-Q', direction, filter]
    const child = spawn('nsenter', [`--net=/run/netns/${at.namespace}`, ...dump], { stdio: ['ignore', 'pipe', 'pipe'] })
    const capture = new Capture(child)
    await once(child.stderr, 'data') // "listening on eth0"
    return capture
  }

  /** Packets so far: the first line that tcpdump says of each. */
  get lines(): readonly string[] {
    return this.#lines
  }

  async end(): Promise<string[]> {
    if (this.#child.exitCode === null) {
      const ended = once(this.#child, 'close')
      this.#child.kill('SIGTERM')
      await ended
    }
    return this.#lines
  }
}

/** A TCP server inside, that says back what it hears. */
export async function serve(inside: Inside, port: number): Promise<EchoServer> {
  return new EchoServer(await start(inside, ['echo.py', String(port)]), port)
}

class EchoServer implements AsyncDisposable {
  readonly #process: Started
  readonly #port: number

  constructor(process: Started, port: number) {
    this.#process = process
    this.#port = port
  }

  /** Whether a new connection from `client` is taken. */
  async answers(client: Inside, address = '172.31.0.11'): Promise<boolean> {
    const connection = await this.connect(client, address).catch(() => undefined)
    await connection?.[Symbol.asyncDispose]()
    return connection !== undefined
  }

  async connect(client: Inside, address = '172.31.0.11'): Promise<Talk> {
    return new Talk(await start(client, ['talk.py', address, String(this.#port)]))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await end(this.#process)
  }
}

/** One connection that stays open. */
class Talk implements AsyncDisposable {
  readonly #process: Started

  constructor(process: Started) {
    this.#process = process
  }

  /** Whether `bytes` bytes come back within two seconds. */
  async echoes(bytes: number): Promise<boolean> {
    const answer = this.#process.line()
    this.#process.child.stdin.write(`${bytes}\n`)
    return (await answer) === 'same'
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await end(this.#process)
  }
}

/** Sends frames from a guest's NIC that are what `honest` says but for what each changes. */
export class Forger implements AsyncDisposable {
  readonly #process: Started
  readonly #honest: Readonly<Record<string, unknown>>

  private constructor(process: Started, honest: Readonly<Record<string, unknown>>) {
    this.#process = process
    this.#honest = honest
  }

  static async start(guest: Inside, honest: Readonly<Record<string, unknown>>): Promise<Forger> {
    return new Forger(await start(guest, ['frames.py', 'eth0']), honest)
  }

  async send(frame: Readonly<Record<string, unknown>>): Promise<void> {
    const sent = this.#process.line()
    this.#process.child.stdin.write(`${JSON.stringify({ ...this.#honest, ...frame })}\n`)
    if ((await sent) !== 'sent') throw new Error('the frame was not sent')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await end(this.#process)
  }
}

interface Started {
  readonly child: ChildProcessByStdio<Writable, Readable, null>
  line(): Promise<string>
}

async function start(inside: Inside, [script = '', ...args]: readonly string[]): Promise<Started> {
  const file = fileURLToPath(new URL(`./${script}`, import.meta.url))
  const python = [`--net=/run/netns/${inside.namespace}`, '/usr/bin/python3', file, ...args]
  const child = spawn('nsenter', python, { stdio: ['pipe', 'pipe', 'ignore'] })
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  const line = async () => (await lines.next()).value ?? ''
  if ((await line()) !== 'up') throw new Error(`${script} did not start`)
  return { child, line }
}

async function end({ child }: Started): Promise<void> {
  const ended = once(child, 'close')
  child.stdin.end()
  await ended
}
