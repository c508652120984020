import { Fault } from '../../base/fault.ts'
import type { QmpEvent } from './commands.ts'
import { Qmp } from './qmp.ts'

interface Expectation {
  readonly event: string
  test(data: unknown): boolean
  readonly seen: PromiseWithResolvers<unknown>
}

/** The way to one QEMU: connects when needed, once at a time, and again after a connection broke. */
export class Control {
  readonly #socket: string
  readonly #on: { event(event: QmpEvent): void; closed(): void }
  readonly #expected = new Set<Expectation>()
  readonly #end = new AbortController()
  #qmp: Promise<Qmp> | undefined

  /** `on.closed` is called whenever a connection that was open closes. */
  constructor(socket: string, on: { event(event: QmpEvent): void; closed(): void }) {
    this.#socket = socket
    this.#on = on
  }

  /** The connection there is, or a new one. Several may wait for the same; an abort ends the waiting alone. */
  async connect(timeoutMs: number, abort: AbortSignal): Promise<Qmp> {
    abort.throwIfAborted()
    this.#qmp ??= this.#open(timeoutMs)
    using aborted = rejection(abort)
    return await Promise.race([this.#qmp, aborted.promise])
  }

  /** Resolves with the data of the next `event` whose data pass `test`; rejects when the connection closes first. Dispose it when it is waited for no more. */
  expect(
    event: string,
    test: (data: unknown) => boolean = () => true,
  ): { readonly seen: Promise<unknown> } & Disposable {
    const expectation = { event, test, seen: Promise.withResolvers<unknown>() }
    expectation.seen.promise.catch(() => {}) // Nobody may be waiting for it yet, or any more.
    this.#expected.add(expectation)
    const forget = () => void this.#expected.delete(expectation)
    return { seen: expectation.seen.promise, [Symbol.dispose]: forget }
  }

  /** Lets go of QEMU without a word, for ever. */
  async close(): Promise<void> {
    this.#end.abort(new Fault('the driver has let go of QEMU'))
    const qmp = await this.#qmp?.catch(() => undefined) // Did not open: nothing to close.
    qmp?.close()
  }

  async #open(timeoutMs: number): Promise<Qmp> {
    let open = false
    const abort = this.#end.signal
    const closed = () => {
      this.#qmp = undefined
      for (const it of this.#expected) it.seen.reject(new Fault('QEMU went away'))
      if (open) this.#on.closed()
    }
    try {
      const qmp = await Qmp.open(this.#socket, { event: (it) => this.#heard(it), closed }, { timeoutMs, abort })
      open = true
      return qmp
    } catch (error) {
      this.#qmp = undefined
      throw error
    }
  }

  #heard(event: QmpEvent): void {
    for (const it of this.#expected) if (it.event === event.event && it.test(event.data)) it.seen.resolve(event.data)
    this.#on.event(event)
  }
}

/** Rejects when the signal is aborted, until it is disposed of. */
function rejection(abort: AbortSignal): { readonly promise: Promise<never> } & Disposable {
  const { promise, reject } = Promise.withResolvers<never>()
  const listener = () => reject(abort.reason)
  abort.addEventListener('abort', listener)
  promise.catch(() => {}) // It may lose the race.
  return { promise, [Symbol.dispose]: () => abort.removeEventListener('abort', listener) }
}
