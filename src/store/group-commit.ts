import { setImmediate as nextTurn } from 'node:timers/promises'
import { Fault } from '../base/fault.ts'
import type { Log } from '../base/log.ts'
import type { Connection } from './sqlite.ts'
import { type Reader, Rollback, type Transaction, type Watch, type Watched } from './store.ts'
import { WriteWatch } from './written.ts'

/** One queued transaction. `run` never throws: it says what its caller is to hear once the group is on disk. */
interface Job {
  run(tx: OpenTransaction): Promise<{ readonly keep: boolean; readonly answer: () => void; readonly thrown?: unknown }>
  fail(fault: Fault): void
}

/** At most so many transactions wait for one commit. */
const groupSize = 64

/**
 * Runs transactions one after another and commits them in groups: one flush to the disk serves all that were waiting.
 * Each is a savepoint of its group, so one that fails undoes only itself. Nobody hears of a result, not even of a
 * refusal, before the commit: it may rest on what an earlier transaction of the group wrote.
 */
export class GroupCommit {
  readonly #connection: Connection
  readonly #log: Log
  readonly #written: WriteWatch
  readonly #queue: Job[] = []
  readonly #listeners = new Map<string, Set<(text: string) => void>>()
  #draining: Promise<void> | undefined
  #closed = false

  constructor(connection: Connection, log: Log) {
    this.#connection = connection
    this.#log = log
    this.#written = new WriteWatch(connection.raw)
  }

  transact<T>(work: (tx: Transaction) => Promise<T | Rollback<T>>): Promise<T> {
    return this.#enqueue(async (tx) => {
      const result = await work(tx)
      return result instanceof Rollback ? { keep: false, value: result.value } : { keep: true, value: result }
    })
  }

  /** Reads between the transactions: for a store whose writer is its only connection. */
  read<T>(work: (reader: Reader) => Promise<T>): Promise<T> {
    return this.#enqueue(async (tx) => {
      this.#written.collect() // Of transactions before it in its group, which it sees.
      return { keep: false, value: await work(tx) }
    })
  }

  watch(columns: readonly Watched[]): Watch {
    return this.#written.watch(columns)
  }

  listen(channel: string, hear: (text: string) => void): Disposable {
    const listeners = this.#listeners.get(channel) ?? new Set()
    this.#listeners.set(channel, listeners.add(hear))
    return { [Symbol.dispose]: () => void listeners.delete(hear) }
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#draining
  }

  #enqueue<T>(work: (tx: Transaction) => Promise<{ keep: boolean; value: T }>): Promise<T> {
    if (this.#closed) return Promise.reject(new Fault('the store is closed'))
    return new Promise((resolve, reject) => {
      this.#queue.push({
        fail: reject,
        run: (tx) =>
          work(tx).then(
            ({ keep, value }) => ({ keep, answer: () => resolve(value) }),
            (thrown) => ({ keep: false, answer: () => reject(thrown), thrown }),
          ),
      })
      this.#draining ??= this.#drain()
    })
  }

  async #drain(): Promise<void> {
    while (this.#queue.length > 0) {
      await nextTurn() // Lets more callers join, and the rest of the process live.
      await this.#group()
    }
    this.#draining = undefined
  }

  /** Runs and commits one group. Where anything but a work fails, all its callers hear of that. */
  async #group(): Promise<void> {
    const { raw } = this.#connection
    const jobs: Job[] = []
    const answers: (() => void)[] = []
    const callbacks: (() => void)[] = []
    try {
      raw.exec('BEGIN IMMEDIATE')
      for (let job = this.#queue.shift(); job; job = jobs.length < groupSize ? this.#queue.shift() : undefined) {
        jobs.push(job)
        answers.push(await this.#inSavepoint(job, callbacks))
      }
      raw.exec('COMMIT')
      this.#written.collect()
    } catch (cause) {
      if (raw.isTransaction) raw.exec('ROLLBACK')
      if (jobs.length === 0) jobs.push(...this.#queue.splice(0, groupSize))
      for (const job of jobs) job.fail(new Fault('the database could not commit', { cause }))
      return
    }
    for (const callback of callbacks) this.#call(callback)
    for (const answer of answers) answer()
  }

  async #inSavepoint(job: Job, callbacks: (() => void)[]): Promise<() => void> {
    const { raw, db } = this.#connection
    const tx = new OpenTransaction(db, this.#listeners)
    raw.exec('SAVEPOINT work')
    const { keep, answer, thrown } = await job.run(tx)
    tx.end()
    if (!raw.isTransaction) throw new Fault('SQLite gave up the whole group', { cause: thrown })
    if (!keep) raw.exec('ROLLBACK TO work')
    raw.exec('RELEASE work')
    if (keep) callbacks.push(...tx.callbacks)
    return answer
  }

  #call(callback: () => void): void {
    try {
      callback()
    } catch (error) {
      this.#log.error({ err: error }, 'a callback after a commit failed')
    }
  }
}

class OpenTransaction implements Transaction {
  readonly callbacks: (() => void)[] = []
  readonly #db: Connection['db']
  readonly #listeners: ReadonlyMap<string, ReadonlySet<(text: string) => void>>
  #ended = false

  constructor(db: Connection['db'], listeners: ReadonlyMap<string, ReadonlySet<(text: string) => void>>) {
    this.#db = db
    this.#listeners = listeners
  }

  get db(): Connection['db'] {
    if (this.#ended) throw new Fault('the transaction has ended')
    return this.#db
  }

  afterCommit(callback: () => void): void {
    this.callbacks.push(callback)
  }

  notify(channel: string, text: string): void {
    this.afterCommit(() => {
      for (const hear of this.#listeners.get(channel) ?? []) hear(text)
    })
  }

  end(): void {
    this.#ended = true
  }
}
