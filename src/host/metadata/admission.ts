import type { Clock } from '../../base/clock.ts'

export interface Limits {
  /** Connections of one guest at a time. */
  readonly open: number
  /** Connections that a guest may make at once after it was quiet, and how many more it may make each second. */
  readonly burst: number
  readonly perSecond: number
  /** From its start to its end, whatever it does. */
  readonly connectionMs: number
}

/**
 * A whole crawl of the tree is some 80 requests. Guess: EC2 names no number of requests; it limits all link-local services
 * together to 1024 packets a second and interface.
 */
export const defaultLimits: Limits = { open: 32, burst: 400, perSecond: 100, connectionMs: 10_000 }

/** `refuse` says so to the guest, `drop` hangs up at once: a guest's sockets are bounded too. */
export type Verdict = 'serve' | 'refuse' | 'drop'

interface Account {
  open: number
  left: number
  at: number
}

/** Holds each guest to its limits, apart from all others. What it knows of quiet guests it forgets. */
export class Admission {
  readonly #limits: Limits
  readonly #clock: Clock
  readonly #accounts = new Map<string, Account>()
  #left = 0

  constructor(limits: Limits, clock: Clock) {
    this.#limits = limits
    this.#clock = clock
  }

  /** What to do with a new connection of `guest`. Each counts as open, whatever the verdict, until `leave` is called once. */
  enter(guest: string): Verdict {
    const account = this.#settle(guest)
    account.open += 1
    if (account.open > 2 * this.#limits.open) return 'drop'
    if (account.open > this.#limits.open || account.left < 1) return 'refuse'
    account.left -= 1
    return 'serve'
  }

  leave(guest: string): void {
    this.#settle(guest).open -= 1
    this.#left += 1
    if (this.#left % 1000 === 0) this.#forget()
  }

  #settle(guest: string): Account {
    const now = this.#clock.now().getTime()
    const account = this.#accounts.get(guest) ?? { open: 0, left: this.#limits.burst, at: now }
    const earned = (Math.max(0, now - account.at) / 1000) * this.#limits.perSecond
    account.left = Math.min(this.#limits.burst, account.left + earned)
    account.at = now
    this.#accounts.set(guest, account)
    return account
  }

  #forget(): void {
    for (const guest of this.#accounts.keys()) {
      const { open, left } = this.#settle(guest)
      if (open === 0 && left >= this.#limits.burst) this.#accounts.delete(guest)
    }
  }
}
