/** The most recently used values under text keys, at most `size` of them. */
export class LruCache<V> {
  readonly #entries = new Map<string, V>()
  readonly #size: number
  #newest: string | undefined

  constructor(size: number) {
    this.#size = size
  }

  get length(): number {
    return this.#entries.size
  }

  get(key: string): V | undefined {
    const value = this.#entries.get(key)
    if (value !== undefined && key !== this.#newest) this.set(key, value)
    return value
  }

  set(key: string, value: V): void {
    if (key !== this.#newest) this.#entries.delete(key)
    this.#entries.set(key, value)
    this.#newest = key
    if (this.#entries.size > this.#size) {
      const [oldest] = this.#entries.keys()
      if (oldest !== undefined) this.#entries.delete(oldest)
    }
  }
}
