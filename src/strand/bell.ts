import type { Clock } from '../base/clock.ts'

/** Timers of Node.js hold no more than 2^31-1 ms; a day is short enough, and early waking does no harm. */
const longestSleepMs = 86_400_000

/** What the scheduler sleeps on: a moment, or the ring that comes before it. A ring while nobody sleeps is kept. */
export class Bell {
  #rung = Promise.withResolvers<void>()
  #pending = false

  /** Whether it rang since the last sleep. */
  get pending(): boolean {
    return this.#pending
  }

  ring(): void {
    this.#pending = true
    this.#rung.resolve()
  }

  /** Sleeps until it rings, or until `at`. Null: only the ring ends it. */
  async sleep(clock: Clock, at: number | null): Promise<void> {
    if (at === null || this.#pending) await this.#rung.promise
    else await this.#sleepUntil(clock, at)
    this.#rung = Promise.withResolvers<void>()
    this.#pending = false
  }

  async #sleepUntil(clock: Clock, at: number): Promise<void> {
    const timer = new AbortController()
    const ms = Math.min(Math.max(at - clock.now().getTime(), 0), longestSleepMs)
    const slept = clock.sleep(ms, timer.signal).catch((thrown: unknown) => {
      if (!timer.signal.aborted) throw thrown
    })
    await Promise.race([slept, this.#rung.promise])
    timer.abort()
  }
}
