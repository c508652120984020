import type { Clock } from '../../base/clock.ts'

export interface DnsLimits {
  /** Questions that a guest may ask at once after it was quiet, and each second. */
  readonly perSecond: number
  /** Questions of one guest, and of all, that others are being asked for it at a time. */
  readonly waiting: number
  readonly waitingOfAll: number
  /** TCP connections of one guest, and how long each may last. */
  readonly connections: number
  readonly connectionMs: number
}

/** Source: VPC User Guide, "DNS quotas": 1,024 packets per second and interface. Guesses: the others, a client's needs many times over. */
export const usualDnsLimits: DnsLimits = {
  perSecond: 1024,
  waiting: 64,
  waitingOfAll: 512,
  connections: 8,
  connectionMs: 30_000,
}

interface Account {
  left: number
  atMs: number
  waiting: number
  connections: number
}

/** Holds each guest to its limits, apart from all others. What it knows of quiet guests it forgets. */
export class Allowances {
  readonly limits: DnsLimits
  readonly #clock: Clock
  readonly #accounts = new Map<string, Account>()
  #waiting = 0
  #forgetAtMs = 0

  constructor(limits: DnsLimits, clock: Clock) {
    this.limits = limits
    this.#clock = clock
  }

  /** Whether the guest may ask one question more. */
  mayAsk(guest: string): boolean {
    const account = this.#settle(guest)
    if (account.left < 1) return false
    account.left -= 1
    return true
  }

  /** Room for one question to others, until it is disposed of; undefined if there is none. */
  wait(guest: string): Disposable | undefined {
    const account = this.#settle(guest)
    if (account.waiting >= this.limits.waiting || this.#waiting >= this.limits.waitingOfAll) return undefined
    account.waiting += 1
    this.#waiting += 1
    return {
      [Symbol.dispose]: () => {
        account.waiting -= 1
        this.#waiting -= 1
      },
    }
  }

  /** Room for one connection more, until it is disposed of; undefined if there is none. */
  connect(guest: string): Disposable | undefined {
    const account = this.#settle(guest)
    if (account.connections >= this.limits.connections) return undefined
    account.connections += 1
    return {
      [Symbol.dispose]: () => {
        account.connections -= 1
      },
    }
  }

  #settle(guest: string): Account {
    const { perSecond } = this.limits
    const nowMs = this.#clock.now().getTime()
    this.#forget(nowMs)
    const account = this.#accounts.get(guest) ?? { left: perSecond, atMs: nowMs, waiting: 0, connections: 0 }
    account.left = Math.min(perSecond, account.left + (Math.max(0, nowMs - account.atMs) / 1000) * perSecond)
    account.atMs = nowMs
    this.#accounts.set(guest, account)
    return account
  }

  /** Whoever was quiet for a second has its whole allowance again: nothing is lost with it. */
  #forget(nowMs: number): void {
    if (nowMs < this.#forgetAtMs) return
    this.#forgetAtMs = nowMs + 10_000
    for (const [guest, { atMs, waiting, connections }] of this.#accounts)
      if (waiting === 0 && connections === 0 && nowMs - atMs > 1000) this.#accounts.delete(guest)
  }
}
