import { Fault } from '../base/fault.ts'
import type { Connection } from './sqlite.ts'
import type { Reader } from './store.ts'

/** Reads beside the writer, each on one committed state, one after another. */
export class SnapshotReader {
  readonly #connection: Connection
  #last: Promise<unknown> = Promise.resolve()
  #closed = false
  /** Reads that are under way or wait. */
  waiting = 0

  constructor(connection: Connection) {
    this.#connection = connection
  }

  read<T>(work: (reader: Reader) => Promise<T>): Promise<T> {
    if (this.#closed) return Promise.reject(new Fault('the store is closed'))
    const answer = this.#last.then(() => this.#onSnapshot(work))
    this.waiting++
    this.#last = answer.catch(() => {}).then(() => this.waiting--) // The caller hears of what failed; the next reader need not.
    return answer
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#last
  }

  async #onSnapshot<T>(work: (reader: Reader) => Promise<T>): Promise<T> {
    const { raw, db } = this.#connection
    raw.exec('BEGIN; SELECT 1 FROM sqlite_schema LIMIT 1') // The state is chosen by the first read: now.
    try {
      return await work({ db })
    } finally {
      if (raw.isTransaction) raw.exec('COMMIT')
    }
  }
}

/** Several beside each other: whoever has least to do reads next. */
export class Readers {
  readonly #all: readonly SnapshotReader[]

  constructor(all: readonly SnapshotReader[]) {
    this.#all = all
  }

  read<T>(work: (reader: Reader) => Promise<T>): Promise<T> {
    return this.#all.reduce((a, b) => (b.waiting < a.waiting ? b : a)).read(work)
  }

  async close(): Promise<void> {
    await Promise.all(this.#all.map((it) => it.close()))
  }
}
