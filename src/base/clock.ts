import { setTimeout as delay } from 'node:timers/promises'

/** Time as an argument: what the simulator replaces. */
export interface Clock {
  now(): Date
  /** Resolves after `ms`; rejects with the signal's reason when aborted. */
  sleep(ms: number, abort?: AbortSignal): Promise<void>
}

export const systemClock: Clock = {
  now: () => new Date(),
  sleep: async (ms, abort) => {
    await delay(ms, undefined, abort ? { signal: abort } : {})
  },
}

/** A clock that moves only when told: `advance` wakes the sleepers that are due, in order. */
export class FakeClock implements Clock {
  #now: number
  #sleepers: { at: number; wake: () => void }[] = []

  constructor(start = new Date('2026-01-01T00:00:00.000Z')) {
    this.#now = start.getTime()
  }

  now(): Date {
    return new Date(this.#now)
  }

  sleep(ms: number, abort?: AbortSignal): Promise<void> {
    abort?.throwIfAborted()
    return new Promise((resolve, reject) => {
      const sleeper = { at: this.#now + ms, wake: resolve }
      this.#sleepers.push(sleeper)
      abort?.addEventListener('abort', () => {
        this.#sleepers = this.#sleepers.filter((it) => it !== sleeper)
        reject(abort.reason)
      })
    })
  }

  /** Moves time on by `ms`, one sleeper at a time, letting promises settle between them. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms
    for (;;) {
      const next = this.#sleepers.filter((it) => it.at <= end).sort((a, b) => a.at - b.at)[0]
      if (!next) break
      this.#sleepers = this.#sleepers.filter((it) => it !== next)
      this.#now = Math.max(this.#now, next.at)
      next.wake()
      await delay(0)
    }
    this.#now = end
  }
}
