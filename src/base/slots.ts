/** At most so many at a time, in the order in which they came; who comes `last`, once nobody else waits. */
export class Slots {
  readonly #count: number
  #free: number
  readonly #waiting = new Set<() => void>()
  readonly #waitingLast = new Set<() => void>()
  #idle = Promise.withResolvers<void>()

  constructor(count: number) {
    this.#count = count
    this.#free = count
  }

  /** Resolves once nobody has one. */
  get idle(): Promise<void> {
    return this.#free === this.#count ? Promise.resolve() : this.#idle.promise
  }

  /** Resolves once there is one, with what gives it back; once is enough. Rejects when aborted before. */
  async take(abort: AbortSignal, { last = false } = {}): Promise<() => void> {
    abort.throwIfAborted()
    if (this.#free > 0) this.#free--
    else await this.#turn(last ? this.#waitingLast : this.#waiting, abort)
    let given = false
    return () => {
      if (!given) this.#give()
      given = true
    }
  }

  #turn(waiting: Set<() => void>, abort: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const aborted = () => {
      waiting.delete(mine)
      reject(abort.reason)
    }
    const mine = () => {
      abort.removeEventListener('abort', aborted)
      resolve()
    }
    waiting.add(mine)
    abort.addEventListener('abort', aborted, { once: true })
    return promise
  }

  #give(): void {
    const waiting = this.#waiting.size > 0 ? this.#waiting : this.#waitingLast
    const [next] = waiting
    if (next) {
      waiting.delete(next)
      next()
      return
    }
    this.#free++
    if (this.#free < this.#count) return
    this.#idle.resolve()
    this.#idle = Promise.withResolvers()
  }
}
