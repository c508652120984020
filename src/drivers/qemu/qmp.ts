import { connect, type Socket } from 'node:net'
import { Fault } from '../../base/fault.ts'
import { type JsonLines, jsonLines } from '../../base/json-lines.ts'
import { sendDescriptor } from '../../base/send-descriptor.ts'
import type { QmpCommand, QmpCommands, QmpEvent } from './commands.ts'

/** A longer line is none of QEMU's answers to our questions. */
const longestLine = 1024 * 1024
const defaultTimeoutMs = 10_000

export interface QmpOptions {
  /** For the greeting and the negotiation. Default 10,000. */
  readonly timeoutMs?: number
  readonly abort: AbortSignal
}

export interface Listeners {
  event(event: QmpEvent): void
  /** Once, when no more can be said or heard. */
  closed(): void
}

/**
 * A connection to one QEMU, which talks to one client at a time. What it says is not trusted: a guest may have taken it
 * over. A line that is no JSON, or is too long, ends the connection; an answer to no question is ignored.
 * Source: QEMU, docs/interop/qmp-spec.
 */
export class Qmp {
  readonly #listeners: Listeners
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>()
  readonly #greeting = Promise.withResolvers<unknown>()
  readonly #lines: JsonLines<object>
  readonly #socket: Socket
  #next = 1
  #open = true

  /** Connects to the socket at `path` and negotiates; commands are taken when it resolves. */
  static async open(path: string, listeners: Listeners, options: QmpOptions): Promise<Qmp> {
    const socket = connect(path)
    const qmp = new Qmp(socket, listeners)
    try {
      const timeoutMs = options.timeoutMs ?? defaultTimeoutMs
      await within(qmp.#greeting.promise, 'its greeting', { timeoutMs, abort: options.abort })
      await qmp.execute('qmp_capabilities', {}, { timeoutMs, abort: options.abort })
      return qmp
    } catch (cause) {
      qmp.close()
      throw cause
    }
  }

  private constructor(socket: Socket, listeners: Listeners) {
    this.#listeners = listeners
    this.#socket = socket
    this.#greeting.promise.catch(() => {}) // Whoever waits for it is told; nobody has to.
    const receive = (message: unknown) => this.#receive(message)
    this.#lines = jsonLines<unknown, object>(socket, { receive, closed: (error) => this.#closed(error) }, longestLine)
  }

  /** Throws a `Fault` with QEMU's words when it refuses, does not answer in time, or goes. */
  async execute<C extends QmpCommand>(
    command: C,
    args: QmpCommands[C]['takes'],
    { timeoutMs = defaultTimeoutMs, abort }: { timeoutMs?: number; abort?: AbortSignal } = {},
  ): Promise<QmpCommands[C]['returns']> {
    const limits = { timeoutMs, ...(abort && { abort }) }
    const send = (message: object) => this.#lines.send(message)
    return (await this.#ask(command, args, send, limits)) as QmpCommands[C]['returns']
  }

  /** Gives the process a descriptor of ours, which it then knows by this name. Source: QEMU QMP Reference Manual, getfd. */
  async give(name: string, descriptor: number, abort: AbortSignal): Promise<void> {
    const send = (message: object) => sendDescriptor(this.#socket, `${JSON.stringify(message)}\n`, descriptor)
    await this.#ask('getfd', { fdname: name }, send, { timeoutMs: defaultTimeoutMs, abort })
  }

  async #ask(
    command: string,
    args: object,
    send: (message: object) => void,
    limits: { timeoutMs: number; abort?: AbortSignal },
  ): Promise<unknown> {
    limits.abort?.throwIfAborted()
    if (!this.#open) throw new Fault(`${command}: QEMU's control socket is closed`)
    const id = this.#next++
    const answer = Promise.withResolvers<unknown>()
    this.#waiting.set(id, answer)
    try {
      send({ execute: command, arguments: args, id })
      return await within(answer.promise, command, limits)
    } finally {
      this.#waiting.delete(id)
    }
  }

  close(): void {
    this.#lines.close()
  }

  #receive(message: unknown): void {
    if (!isObject(message)) throw new Fault('QEMU said something that is no object')
    if ('QMP' in message) this.#greeting.resolve(message)
    else if (typeof message.event === 'string') this.#listeners.event({ event: message.event, data: message.data })
    else if (typeof message.id === 'number') settle(this.#waiting.get(message.id), message)
  }

  #closed(error?: Error): void {
    this.#open = false
    const fault = new Fault("QEMU's control socket closed", { cause: error })
    this.#greeting.reject(fault)
    for (const it of this.#waiting.values()) it.reject(fault)
    this.#listeners.closed()
  }
}

function settle(answer: PromiseWithResolvers<unknown> | undefined, message: Record<string, unknown>): void {
  if ('return' in message) {
    answer?.resolve(message.return)
    return
  }
  const said =
    isObject(message.error) && typeof message.error.desc === 'string' ? message.error.desc : 'no reason given'
  answer?.reject(new Fault(`QEMU refused: ${said}`))
}

/** The promise's value; a `Fault` when it takes too long, the signal's reason when aborted. */
async function within<T>(
  promise: Promise<T>,
  what: string,
  { timeoutMs, abort }: { timeoutMs: number; abort?: AbortSignal },
): Promise<T> {
  const ended = Promise.withResolvers<never>()
  const late = () => ended.reject(new Fault(`QEMU did not answer in ${timeoutMs} ms: ${what}`))
  const aborted = () => ended.reject(abort?.reason)
  const timer = setTimeout(late, timeoutMs)
  abort?.addEventListener('abort', aborted)
  if (abort?.aborted) aborted()
  try {
    return await Promise.race([promise, ended.promise])
  } finally {
    clearTimeout(timer)
    abort?.removeEventListener('abort', aborted)
    promise.catch(() => {}) // It may fail after nobody waits for it any more.
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
