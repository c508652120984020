import type { Clock } from '../../base/clock.ts'
import type { Heard } from './relay.ts'

interface Kept {
  readonly heard: Heard
  readonly atMs: number
}

const mostEntries = 512
const mostBytes = 512 * 1024

/** Answers of others, for as long as they hold. Bounded: the oldest make room. One a VPC, so that none learns what another asks. */
export class Cache {
  readonly #clock: Clock
  readonly #kept = new Map<string, Kept>()
  #bytes = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  find(key: string): { readonly heard: Heard; readonly ageSeconds: number } | undefined {
    const kept = this.#kept.get(key)
    if (!kept) return undefined
    const ageSeconds = Math.floor((this.#clock.now().getTime() - kept.atMs) / 1000)
    if (ageSeconds >= 0 && ageSeconds < (kept.heard.keepSeconds ?? 0)) return { heard: kept.heard, ageSeconds }
    this.#drop(key, kept)
    return undefined
  }

  keep(key: string, heard: Heard): void {
    if (heard.keepSeconds === undefined) return
    const former = this.#kept.get(key)
    if (former) this.#drop(key, former)
    this.#kept.set(key, { heard: { ...heard, records: Buffer.from(heard.records) }, atMs: this.#clock.now().getTime() })
    this.#bytes += heard.records.length
    for (const [oldest, it] of this.#kept) {
      if (this.#kept.size <= mostEntries && this.#bytes <= mostBytes) break
      this.#drop(oldest, it)
    }
  }

  #drop(key: string, { heard }: Kept): void {
    this.#kept.delete(key)
    this.#bytes -= heard.records.length
  }
}
