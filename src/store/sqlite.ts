import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from 'node:sqlite'
import {
  type CompiledQuery,
  DefaultQueryExecutor,
  type Dialect,
  DummyDriver,
  Kysely,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely'
import { Fault } from '../base/fault.ts'
import type { Database } from './schema.ts'

/** A connection to an SQLite database: `raw` for what concerns only SQLite, `db` for the queries shared by all dialects. */
export interface Connection {
  readonly raw: DatabaseSync
  readonly db: Kysely<Database>
}

/**
 * Opens a connection whose commits reach the disk (WAL, synchronous=FULL) and whose queries run only inside a
 * transaction: SQLite ends the transaction by itself when the disk is full, and what came after would commit alone.
 * `foreign` is another process' database: it is not made where it is not there, and nothing is written to its file.
 */
export function connect(file: string, options: { readOnly?: boolean; foreign?: boolean } = {}): Connection {
  const { foreign: readOnly = false } = options
  const raw = new DatabaseSync(file, { timeout: 5_000, enableForeignKeyConstraints: true, readOnly })
  raw.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY')
  if (options.readOnly || options.foreign) raw.exec('PRAGMA query_only = ON')
  const executor = new Executor(raw)
  return { raw, db: new Kysely<Database>({ config: { dialect }, dialect, driver: new DummyDriver(), executor }) }
}

/** How queries are written. They run in the executor alone. */
export const dialect: Dialect = {
  createAdapter: () => new SqliteAdapter(),
  createDriver: () => new DummyDriver(),
  createIntrospector: (db) => new SqliteIntrospector(db),
  createQueryCompiler: () => new SqliteQueryCompiler(),
}

/**
 * Runs queries where they are asked for: SQLite has answered before anybody could wait. Kysely's own way, by a driver and a lock, takes
 * as long as making a query (measured: 6.7 µs for a row by its id that way, 0.5 of which are SQLite's).
 */
class Executor extends DefaultQueryExecutor {
  readonly #raw: DatabaseSync
  readonly #statements: StatementCache

  constructor(raw: DatabaseSync) {
    const nowhere = () => Promise.reject(new Fault('a query went past its executor'))
    super(new SqliteQueryCompiler(), new SqliteAdapter(), { provideConnection: nowhere })
    this.#raw = raw
    this.#statements = new StatementCache(raw)
  }

  override withoutPlugins(): this {
    return this // It has none.
  }

  override async executeQuery<Row>({ sql, parameters }: CompiledQuery): Promise<QueryResult<Row>> {
    if (!this.#raw.isTransaction) throw new Fault('the transaction has ended')
    const statement = this.#statements.take(sql)
    if (statement.reader) return { rows: allOf(statement, parameters) as Row[] }
    const { changes } = statement.prepared.run(...bindable(parameters))
    return { numAffectedRows: BigInt(changes), rows: [] }
  }
}

/** node:sqlite itself refuses values that SQLite has no type for, booleans and dates among them. */
const bindable = (values: readonly unknown[]): SQLInputValue[] => values as SQLInputValue[]

interface Statement {
  /** Gives rows as arrays. */
  readonly prepared: StatementSync
  readonly reader: boolean
  rowOf(values: readonly SQLOutputValue[]): object
}

function allOf({ prepared, rowOf }: Statement, values: readonly unknown[]): object[] {
  const arrays = prepared.all(...bindable(values)) as unknown as SQLOutputValue[][] // It was told to: see #prepare.
  return arrays.map(rowOf)
}

/**
 * Makes rows of values. Copies of one object, because V8 keeps the objects that node:sqlite would make as hash tables:
 * reading a field of those takes ten times as long, copying them twenty times (measured with 34 columns). A text that the row before
 * had too is kept once: accounts, types, keys and states repeat in a hundred thousand rows, and were a quarter of their memory.
 */
function rowsWith(names: readonly string[]): Statement['rowOf'] {
  const empty: Readonly<Record<string, SQLOutputValue>> = JSON.parse(
    `{${names.map((name) => `${JSON.stringify(name)}:null`).join()}}`,
  )
  const last: SQLOutputValue[] = names.map(() => null)
  return (values) => {
    const row = { ...empty }
    names.forEach((name, index) => {
      const value = values[index]! // as many as there are names
      if (value !== last[index]) last[index] = value
      row[name] = last[index]!
    })
    return row
  }
}

/** Keeps the statements used last: preparing costs more than running. */
class StatementCache {
  readonly #raw: DatabaseSync
  readonly #statements = new Map<string, Statement>()

  constructor(raw: DatabaseSync) {
    this.#raw = raw
  }

  take(sql: string): Statement {
    if (/^\s*(create|alter|drop)\b/i.test(sql)) this.#statements.clear() // What was prepared may have other columns then.
    const statement = this.#statements.get(sql) ?? this.#prepare(sql)
    this.#statements.delete(sql)
    this.#statements.set(sql, statement)
    if (this.#statements.size > 300) this.#statements.delete(this.#statements.keys().next().value as string)
    return statement
  }

  #prepare(sql: string): Statement {
    const prepared = this.#raw.prepare(sql)
    prepared.setReturnArrays(true)
    const names = prepared.columns().map((it) => it.name)
    return { prepared, reader: names.length > 0, rowOf: rowsWith(names) }
  }
}
