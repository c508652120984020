import { once } from 'node:events'
import { Fault, messageOf } from '../../../base/fault.ts'
import type { Log } from '../../../base/log.ts'
import type { VolumeId } from '../../../model/ids.ts'

/** What is done with volumes behind the back of guests: one thing for each, which ends as soon as anything else is to be done with it. */
export class Behind {
  readonly #log: Log
  readonly #running = new Map<VolumeId, { readonly stop: AbortController; readonly done: Promise<void> }>()
  readonly #end = new AbortController()
  #lastTurn: Promise<void> = Promise.resolve()

  constructor(log: Log) {
    this.#log = log
  }

  /** Ends whatever is done, and begins nothing more. */
  async end(): Promise<void> {
    this.#end.abort(new Fault('the driver is let go of'))
    await Promise.all([...this.#running.values()].map((it) => it.done))
  }

  /** Begins it, unless something is done with the volume already. */
  begin(id: VolumeId, work: (abort: AbortSignal) => Promise<void>): void {
    if (this.#running.has(id) || this.#end.signal.aborted) return
    const stop = new AbortController()
    const abort = AbortSignal.any([stop.signal, this.#end.signal])
    const done = work(abort).catch((error: unknown) => {
      if (!abort.aborted) this.#log.warn({ volume: id, error: messageOf(error) }, 'layers were not merged')
    })
    this.#running.set(id, { stop, done: done.finally(() => this.#running.delete(id)) })
  }

  async stop(id: VolumeId): Promise<void> {
    const running = this.#running.get(id)
    running?.stop.abort()
    await running?.done
  }

  /** One volume at a time: what reads and writes all of one would with others take all that the disks can do. */
  async inTurn(work: () => Promise<void>, abort: AbortSignal): Promise<void> {
    const before = this.#lastTurn
    const { promise: mine, resolve: done } = Promise.withResolvers<void>()
    this.#lastTurn = before.then(() => mine)
    try {
      abort.throwIfAborted()
      await Promise.race([before, once(abort, 'abort')])
      abort.throwIfAborted()
      await work()
    } finally {
      done()
    }
  }
}
