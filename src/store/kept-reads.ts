/** What reads found, as long as no row is written that it rests on. */
import type { Reader, Store, Watch, Watched } from './store.ts'

/** What a read found, and what it rests on. */
export interface Found<V> {
  readonly value: V
  /** The value as it is kept, where that is made for it alone. */
  readonly keep?: () => V
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

interface Entry<V> extends Omit<Found<V>, 'keep'> {
  readonly key: string
  readonly rests: ReadonlySet<string>
}

/** To make room, so many are looked at. */
const mostLookedAt = 256

/**
 * Keeps what reads found. Where there is no more room, something new takes the place of what was asked for longest ago of those that it is asked for
 * twice as often as: were each kept once, a thousand that are asked for in turn would all be replaced before they are asked for again, and what is replaced
 * makes V8 collect all of its memory (measured: two seconds of each five, with a hundred thousand instances stored). The database itself tells what is written, so that what is kept is what a read would find now:
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
  /** How often each was asked for of late. */
  readonly #asked = new Map<string, number>()
  #asks = 0

  constructor(store: Store, columns: readonly Watched[], limits: Limits) {
    this.#store = store
    this.#watch = store.watch(columns)
    this.#limits = limits
  }

  /** What is kept under `key`, if that is what a read would find. */
  get(key: string): V | undefined {
    this.#forgetWritten()
    this.#count(key)
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
        const { keep, ...found } = await work(reader)
        this.#forgetWritten()
        const entry = { ...found, key, rests: new Set(found.rests) }
        const isSmall = found.bytes !== undefined && found.bytes < this.#limits.bytes / 8
        if (!isSmall || isConcerned(entry, written) || !this.#makeRoom(entry)) return found.value
        const value = keep ? keep() : found.value
        this.#put({ ...entry, value })
        return value
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

  #put(entry: Entry<V>): void {
    this.#entries.set(entry.key, entry)
    this.#bytes += entry.bytes ?? 0
    if (entry.mayHold) this.#ranges.add(entry)
    for (const id of entry.rests) this.#restingOn.set(id, (this.#restingOn.get(id) ?? new Set()).add(entry))
  }

  /** Forgets what was kept under its key, and of those asked for longest ago as many as make room. False, and none of these is, where they do not. */
  #makeRoom({ key, bytes = 0 }: Entry<V>): boolean {
    const before = this.#entries.get(key)
    if (before) this.#forget(before)
    const going: Entry<V>[] = []
    let [entries, size] = [this.#entries.size + 1, this.#bytes + bytes]
    const isTooMuch = () => entries > this.#limits.entries || size > this.#limits.bytes
    for (const oldest of this.#entries.values().take(mostLookedAt)) {
      if (!isTooMuch()) break
      if (2 * this.#asksFor(oldest.key) > this.#asksFor(key)) continue
      going.push(oldest)
      entries -= 1
      size -= oldest.bytes ?? 0
    }
    if (isTooMuch()) return false
    for (const it of going) this.#forget(it)
    return true
  }

  #asksFor(key: string): number {
    return this.#asked.get(key) ?? 0
  }

  /** Now and then all counts are halved: what was popular once makes room for what is. */
  #count(key: string): void {
    this.#asked.set(key, this.#asksFor(key) + 1)
    this.#asks += 1
    if (this.#asks < 2 * this.#limits.entries) return
    this.#asks = 0
    for (const [it, count] of this.#asked) {
      if (count < 2) this.#asked.delete(it)
      else this.#asked.set(it, count >> 1)
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
