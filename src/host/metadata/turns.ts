import type { Clock } from '../../base/clock.ts'
import type { Slots } from '../../base/slots.ts'
import type { InterfaceId } from '../../model/ids.ts'

/** A guest that has not said by then that it is done is no longer waited for. */
const longestMs = 10_000

/**
 * What guests that woke do once they answer SSH: some at a time, and after those that do not answer yet. Twenty that do it at once take many times
 * as long as one after another. A guest has one turn for each time that it is started: none can hold up others for longer.
 */
export class GuestTurns implements Disposable {
  readonly #slots: Slots
  readonly #clock: Clock
  readonly #expected = new Set<InterfaceId>()
  readonly #given = new Map<InterfaceId, () => void>()
  readonly #closing = new AbortController()

  constructor(slots: Slots, clock: Clock) {
    this.#slots = slots
    this.#clock = clock
  }

  /** The guest behind this vif starts. */
  expect(vif: InterfaceId): void {
    this.#expected.add(vif)
  }

  /** Resolves when it is the guest's turn, at once where it had one; rejects when aborted before. */
  async begin(vif: InterfaceId, abort: AbortSignal): Promise<void> {
    if (!this.#expected.delete(vif)) return
    const leave = await this.#slots.take(abort, { last: true })
    this.#given.set(vif, leave)
    const enough = () => this.#given.get(vif) === leave && this.end(vif)
    void this.#clock.sleep(longestMs, this.#closing.signal).then(enough, enough)
  }

  /** The guest is done, or gone. */
  end(vif: InterfaceId): void {
    this.#expected.delete(vif)
    this.#given.get(vif)?.()
    this.#given.delete(vif)
  }

  [Symbol.dispose](): void {
    this.#closing.abort()
  }
}
