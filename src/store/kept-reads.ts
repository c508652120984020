/** What reads found, as long as no row is written that it rests on. */
import type { Reader, Store, Watch, Watched } from './store.ts'

/** What a read found, and what it rests on. */
export interface Found<V> {
  readonly value: V
  /** What is kept of it in memory. Undefined: nothing is, for it can be out of date without a row being written. */
  readonly bytes?: number
  /** Values of the watched columns: ids. Once a row with one of them is written, this is forgotten. */
  readonly rests: Iterable<string>
  /** Whether a row of that id, which it does not rest on, may belong in it. */
  readonly mayHold?: (id: string) => boolean
}

interface Limits {
  readonly entries: number
  readonly bytes: number
}

interface Entry<V> extends Found<V> {
  readonly key: string
  readonly rests: ReadonlySet<string>
}

/**
 * Keeps what reads found, those asked for last. The database itself tells what is written, so that what is kept is what a read would find now:
 * nothing is given that an earlier commit has changed.
 */
export class KeptReads<V> implements Disposable {
  readonly #store: Store
  readonly #watch: Watch
  readonly #limits: Limits
  /** The ones asked for last are last. */
  readonly #entries = new Map<string, Entry<V>>()
  readonly #restingOn = new Map<string, Set<Entry<V>>>()
  readonly #ranges = new Set<Entry<V>>()
  /** What was written since each of the reads that are under way chose its state. */
  readonly #underWay = new Set<Set<string>>()
  #bytes = 0

  constructor(store: Store, columns: readonly Watched[], limits: Limits) {
    this.#store = store
    this.#watch = store.watch(columns)
    this.#limits = limits
  }

  /** What is kept under `key`, if that is what a read would find. */
  get(key: string): V | undefined {
    this.#forgetWritten()
    const entry = this.#entries.get(key)
    if (!entry) return undefined
    this.#entries.delete(key)
    this.#entries.set(key, entry)
    return entry.value
  }

  /** Reads, and keeps what is found. */
  read(key: string, work: (reader: Reader) => Promise<Found<V>>): Promise<V> {
    return this.#store.read(async (reader) => {
      this.#forgetWritten() // All that this state has. What is written from now on is noted in:
      const written = new Set<string>()
      this.#underWay.add(written)
      try {
        const found = await work(reader)
        this.#forgetWritten()
        const entry = { ...found, key, rests: new Set(found.rests) }
        const isSmall = found.bytes !== undefined && found.bytes < this.#limits.bytes / 8
        if (isSmall && !isConcerned(entry, written)) this.#keep(entry)
        return found.value
      } finally {
        this.#underWay.delete(written)
      }
    })
  }

  [Symbol.dispose](): void {
    this.#watch[Symbol.dispose]()
  }

  #forgetWritten(): void {
    for (const ids of this.#watch.take().values()) {
      for (const written of this.#underWay) for (const id of ids) written.add(id)
      for (const id of ids) {
        for (const entry of this.#restingOn.get(id) ?? []) this.#forget(entry)
        for (const entry of this.#ranges) if (entry.mayHold?.(id)) this.#forget(entry)
      }
    }
  }

  #keep(entry: Entry<V>): void {
    const before = this.#entries.get(entry.key)
    if (before) this.#forget(before)
    this.#entries.set(entry.key, entry)
    this.#bytes += entry.bytes ?? 0
    if (entry.mayHold) this.#ranges.add(entry)
    for (const id of entry.rests) this.#restingOn.set(id, (this.#restingOn.get(id) ?? new Set()).add(entry))
    for (const oldest of this.#entries.values()) {
      if (this.#entries.size <= this.#limits.entries && this.#bytes <= this.#limits.bytes) break
      this.#forget(oldest)
    }
  }

  #forget(entry: Entry<V>): void {
    this.#entries.delete(entry.key)
    this.#bytes -= entry.bytes ?? 0
    this.#ranges.delete(entry)
    for (const id of entry.rests) {
      const others = this.#restingOn.get(id)
      others?.delete(entry)
      if (others?.size === 0) this.#restingOn.delete(id)
    }
  }
}

function isConcerned<V>({ rests, mayHold }: Entry<V>, written: ReadonlySet<string>): boolean {
  return [...written].some((id) => rests.has(id) || mayHold?.(id))
}
