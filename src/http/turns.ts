import type { Duplex } from 'node:stream'

/** Requests of one connection, one after the other: a client that sends many at once has one served at a time. */
export class Turns {
  readonly #lines = new WeakMap<Duplex, { count: number; last: Promise<void> }>()

  /** How many requests of this connection are not answered yet. */
  waiting(socket: Duplex): number {
    return this.#lines.get(socket)?.count ?? 0
  }

  /** Does `work` when the earlier work of this connection is done. `work` must not throw. */
  take(socket: Duplex, work: () => Promise<void>): void {
    const line = this.#lines.get(socket) ?? { count: 0, last: Promise.resolve() }
    this.#lines.set(socket, line)
    line.count++
    line.last = line.last.then(work).finally(() => line.count--)
  }
}
