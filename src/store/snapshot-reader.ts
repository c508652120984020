import { Fault } from '../base/fault.ts'
import type { Connection } from './sqlite.ts'
import type { Reader } from './store.ts'

/** Reads beside the writer, each on one committed state, one after another. */
export class SnapshotReader {
  readonly #connection: Connection
  #last: Promise<unknown> = Promise.resolve()
  #closed = false

  constructor(connection: Connection) {
    this.#connection = connection
  }

  read<T>(work: (reader: Reader) => Promise<T>): Promise<T> {
    if (this.#closed) return Promise.reject(new Fault('the store is closed'))
    const answer = this.#last.then(() => this.#onSnapshot(work))
    this.#last = answer.catch(() => {}) // The caller hears of it; the next reader need not.
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
