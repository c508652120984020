/** Queries whose SQL is made once, and not each time that they run: making it takes several times as long as SQLite's answer. */
import type { Compilable, CompiledQuery, Insertable, Kysely, Selectable, Updateable } from 'kysely'
import { Fault } from '../base/fault.ts'
import type { Database } from './schema.ts'
import type { Reader, Transaction } from './store.ts'

type Value = string | number | null
type Values = readonly (Value | readonly Value[])[]

/** Runs the query with these values. */
export type Prepared<Given extends Values, Row> = (reader: Reader, ...values: Given) => Promise<Row[]>

/** Lists are part of the SQL by their length, and so are filled up to one of a few. With longer ones it is made each time. */
const longestList = 1024

/** Stands for a value that is given when the query runs. */
class Place {
  readonly index: number

  constructor(index: number) {
    this.index = index
  }
}

/**
 * The query that `make` makes. It is called with what stands for the values: it may hand them to Kysely and do nothing else with them, and
 * what it makes may differ in values alone from one time to the next. A list is for `in`. Null is a value like others, so that nothing is
 * equal to it.
 */
export function prepared<Given extends Values, Row>(
  make: (db: Kysely<Database>, ...values: Given) => Compilable<Row>,
): Prepared<Given, Row> {
  const kept = new Map<string, CompiledQuery<Row>>()
  return async ({ db }, ...given) => {
    if (given.some((it) => isList(it) && it.length > longestList))
      return (await db.executeQuery(make(db, ...given))).rows
    const values = given.map((it) => (isList(it) ? filledUp(it) : it)) as unknown as Given // each like the one given
    const lengths = values.map((it) => (isList(it) ? it.length : '')).join()
    const query = kept.get(lengths) ?? withPlaces(make, db, values)
    kept.set(lengths, query)
    const flat = values.flat()
    const parameters = query.parameters.map((it) => (it instanceof Place ? flat[it.index] : it))
    return (await db.executeQuery<Row>({ ...query, parameters })).rows
  }
}

/** Its last value again and again, until there are 0, 1, 2, 4, 8 … */
function filledUp(list: readonly Value[]): readonly Value[] {
  const length = list.length < 2 ? list.length : 2 ** Math.ceil(Math.log2(list.length))
  return [...list, ...new Array<Value>(length - list.length).fill(list.at(-1) ?? null)]
}

function withPlaces<Given extends Values, Row>(
  make: (db: Kysely<Database>, ...values: Given) => Compilable<Row>,
  db: Kysely<Database>,
  values: Given,
): CompiledQuery<Row> {
  let count = 0
  const place = () => new Place(count++)
  const places = values.map((it) => (isList(it) ? it.map(place) : place()))
  const query = make(db, ...(places as unknown as Given)).compile() // Kysely hands values on as they are.
  for (const it of places.flat()) if (!query.parameters.includes(it)) throw new Fault(`a value is not in ${query.sql}`)
  return query
}

function isList(value: Value | readonly Value[]): value is readonly Value[] {
  return Array.isArray(value)
}

type Table = keyof Database
type Row<T extends Table> = Selectable<Database[T]>
/** Columns, and what they are equal to. */
type Equal<T extends Table> = { readonly [C in keyof Row<T>]?: Row<T>[C] & (string | number) }

/** The first row of the table whose columns are equal to that. */
export async function rowWhere<T extends Table>(
  reader: Reader,
  table: T,
  where: Equal<T>,
): Promise<Row<T> | undefined> {
  return (await rowsWhere(reader, table, where))[0]
}

/** The rows of the table whose columns are equal to that, in no order. */
export async function rowsWhere<T extends Table>(reader: Reader, table: T, where: Equal<T>): Promise<Row<T>[]> {
  const query = known(`select ${table} where ${Object.keys(where)}`, (db, ...values) =>
    filtered(db.selectFrom(anyTable(table)).selectAll(), where, values),
  )
  return (await query(reader, ...valuesOf(where))) as Row<T>[]
}

export async function insertRow<T extends Table>(
  tx: Transaction,
  table: T,
  row: Insertable<Database[T]>,
): Promise<void> {
  const query = known(`insert ${table} ${Object.keys(row)}`, (db, ...values) =>
    db.insertInto(anyTable(table)).values(named(row, values)),
  )
  await query(tx, ...valuesOf(row))
}

/** Inserts the row, or makes the one that has the same in `key`, which is unique, say the same. */
export async function putRow<T extends Table>(
  tx: Transaction,
  table: T,
  key: keyof Row<T> & string,
  row: Insertable<Database[T]>,
): Promise<void> {
  const query = known(`put ${table} ${key} ${Object.keys(row)}`, (db, ...values) =>
    db
      .insertInto(anyTable(table))
      .values(named(row, values))
      .onConflict((it) => it.column(key as never).doUpdateSet(named(row, values))),
  )
  await query(tx, ...valuesOf(row))
}

/** Changes all rows of the table whose columns are equal to `where`. */
export async function updateRows<T extends Table>(
  tx: Transaction,
  table: T,
  where: Equal<T>,
  changes: Updateable<Database[T]>,
): Promise<void> {
  const query = known(`update ${table} set ${Object.keys(changes)} where ${Object.keys(where)}`, (db, ...values) => {
    const count = Object.keys(changes).length
    return filtered(db.updateTable(anyTable(table)).set(named(changes, values)), where, values.slice(count))
  })
  await query(tx, ...valuesOf(changes), ...valuesOf(where))
}

export async function deleteRows<T extends Table>(tx: Transaction, table: T, where: Equal<T>): Promise<void> {
  const query = known(`delete ${table} where ${Object.keys(where)}`, (db, ...values) =>
    filtered(db.deleteFrom(anyTable(table)), where, values),
  )
  await query(tx, ...valuesOf(where))
}

const knownQueries = new Map<string, Prepared<Value[], unknown>>()

function known(name: string, make: (db: Kysely<Database>, ...values: Value[]) => Compilable<unknown>) {
  const query = knownQueries.get(name) ?? prepared(make)
  knownQueries.set(name, query)
  return query
}

/** Kysely's types say what goes with each table, and TypeScript cannot follow them for one that it does not know; the signatures above do. */
function anyTable(table: Table): 'hosts' {
  return table as 'hosts'
}

interface Filterable<Query> {
  where(column: never, operator: '=', value: never): Query
}

function filtered<Query extends Filterable<Query>>(query: Query, where: object, values: readonly Value[]): Query {
  return Object.keys(where).reduce(
    (all, column, index) => all.where(column as never, '=', values[index] as never),
    query,
  )
}

function named(row: object, values: readonly Value[]): never {
  return Object.fromEntries(Object.keys(row).map((column, index) => [column, values[index]])) as never
}

/** Columns hold what SQLite has: the schema says no other types. */
function valuesOf(row: object): Value[] {
  return Object.values(row) as Value[]
}
