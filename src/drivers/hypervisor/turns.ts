import { Fault } from '../../base/fault.ts'
import type { DomainId } from '../../model/ids.ts'

type Verb = 'boot' | 'button' | 'reboot' | 'plug' | 'unplug' | 'kill' | 'forget'

/** What need not be finished once something stronger is wanted. A boot that is cut short leaves nothing. */
const overrides: Readonly<Record<Verb, readonly Verb[]>> = {
  boot: [],
  plug: [],
  unplug: [],
  reboot: ['unplug'],
  button: ['reboot', 'unplug'],
  kill: ['boot', 'reboot', 'plug', 'unplug'],
  forget: ['boot', 'reboot', 'plug', 'unplug'],
}

interface Turn {
  readonly verb: Verb
  readonly cut: AbortController
  readonly done: Promise<void>
}

/** One thing at a time for each domain, in the order of asking. */
export class Turns {
  readonly #queues = new Map<DomainId, Turn[]>()

  /** Runs `work` once all that was asked of the domain before has ended; what it overrides ends early. */
  async take<T>(id: DomainId, verb: Verb, abort: AbortSignal, work: (abort: AbortSignal) => Promise<T>): Promise<T> {
    const queue = this.#queues.get(id) ?? []
    this.#queues.set(id, queue)
    for (const it of queue) {
      if (overrides[verb].includes(it.verb)) it.cut.abort(new Fault(`${it.verb} of ${id} is overridden by ${verb}`))
    }
    const before = queue.at(-1)?.done
    const { promise: done, resolve } = Promise.withResolvers<void>()
    const turn: Turn = { verb, cut: new AbortController(), done }
    queue.push(turn)
    try {
      if (before) await before
      const either = AbortSignal.any([abort, turn.cut.signal])
      either.throwIfAborted()
      return await work(either)
    } catch (error) {
      turn.cut.signal.throwIfAborted()
      throw error
    } finally {
      queue.splice(queue.indexOf(turn), 1)
      if (queue.length === 0) this.#queues.delete(id)
      resolve()
    }
  }
}
