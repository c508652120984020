/** At most so many at a time, in the order in which they came. */
export class Slots {
  readonly #count: number
  #free: number
  readonly #waiting = new Set<() => void>()

  constructor(count: number) {
    this.#count = count
    this.#free = count
  }

  /** Nobody has one. */
  get areIdle(): boolean {
    return this.#free === this.#count
  }

  /** Resolves once there is one, with what gives it back; once is enough. Rejects when aborted before. */
  async take(abort: AbortSignal): Promise<() => void> {
    abort.throwIfAborted()
    if (this.#free > 0) this.#free--
    else await this.#turn(abort)
    let given = false
    return () => {
      if (!given) this.#give()
      given = true
    }
  }

  #turn(abort: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const aborted = () => {
      this.#waiting.delete(mine)
      reject(abort.reason)
    }
    const mine = () => {
      abort.removeEventListener('abort', aborted)
      resolve()
    }
    this.#waiting.add(mine)
    abort.addEventListener('abort', aborted, { once: true })
    return promise
  }

  #give(): void {
    const [next] = this.#waiting
    if (!next) {
      this.#free++
      return
    }
    this.#waiting.delete(next)
    next()
  }
}
