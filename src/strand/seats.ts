/** How many acts may run at once. */
export class Seats {
  readonly #count: number
  #free: number
  #closed = false

  constructor(count: number) {
    this.#count = count
    this.#free = count
  }

  get taken(): number {
    return this.#count - this.#free
  }

  get free(): number {
    return this.#closed ? 0 : this.#free
  }

  /** From now on nobody sits down; those who sit may stay. */
  close(): void {
    this.#closed = true
  }

  /** A place in the queue for one strand. */
  guest(): Seat {
    let seated = false
    return {
      take: () => {
        if (this.#closed || (!seated && this.#free === 0)) return false
        if (!seated) this.#free--
        seated = true
        return true
      },
      leave: () => {
        if (seated) this.#free++
        seated = false
      },
    }
  }
}

export interface Seat {
  /** Whether the strand may act now. A strand that sits keeps its seat. */
  take(): boolean
  leave(): void
}
