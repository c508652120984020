import type { Kysely } from 'kysely'
import type { Database } from './schema.ts'

/**
 * State in SQL. What a transaction wrote is on disk before its caller hears of it.
 * Works do no I/O but queries, and start no other transaction: they run one after another. A query that fails ends its
 * work: on PostgreSQL nothing can follow it.
 */
export interface Store {
  /** Runs `work` and commits. To roll back, throw, or return `rollback(value)`. */
  transact<T>(work: (tx: Transaction) => Promise<T | Rollback<T>>): Promise<T>
  /** Runs `work` on one committed state of the database, beside the transactions. Writes are refused. */
  read<T>(work: (reader: Reader) => Promise<T>): Promise<T>
  /** Calls `hear` after each commit that had something for `channel`. It must not throw. */
  listen(channel: string, hear: (text: string) => void): Disposable
  /** Notes from now on which rows are written in these columns' tables. */
  watch(columns: readonly Watched[]): Watch
  /** Whether no other process can have this database open. */
  readonly exclusive: boolean
  /** Waits for what was begun, refuses what comes later, and gives the database free. */
  close(): Promise<void>
}

/** `TABLE.COLUMN`: the values of the column, text, name what was written. */
export type Watched = { [T in keyof Database]: `${T}.${keyof Database[T] & string}` }[keyof Database]

/** By column: its values in rows that were made, changed (as they were, and as they are) or removed. */
export type Written = ReadonlyMap<Watched, ReadonlySet<string>>

export interface Watch extends Disposable {
  /**
   * What was written since it was last taken. Called by a `read` before it awaits anything, it is exactly what its state differs in from
   * that of the read before, and at times more.
   */
  take(): Written
}

/** What only reads. A function that takes a `Reader` also takes a `Transaction`. */
export interface Reader {
  /** Throws after the end of the transaction. */
  readonly db: Kysely<Database>
}

export interface Transaction extends Reader {
  /** Runs `callback` once the transaction is on disk, and never if it is rolled back. */
  afterCommit(callback: () => void): void
  /** Tells all who listen to `channel`, in every process of this database, once the transaction is on disk. */
  notify(channel: string, text: string): void
}

/** The answer of a transaction that leaves no trace. */
export class Rollback<T> {
  readonly #value: T

  constructor(value: T) {
    this.#value = value
  }

  get value(): T {
    return this.#value
  }
}

/** Returned by a work: undoes what the work wrote, and gives `value` to its caller. */
export function rollback<T>(value: T): Rollback<T> {
  return new Rollback(value)
}
