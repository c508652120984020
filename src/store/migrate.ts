import { type Kysely, sql } from 'kysely'
import type { Clock } from '../base/clock.ts'
import { Fault } from '../base/fault.ts'
import type { Connection } from './sqlite.ts'

/** One change of the schema. `id` sorts: `0002-instances`. */
export interface Migration {
  readonly id: string
  up(db: Kysely<unknown>): Promise<void>
}

/** Applies what is missing of `migrations`, each in its own transaction. Refuses a database that knows more than they do. */
export async function migrate(connection: Connection, migrations: readonly Migration[], clock: Clock): Promise<void> {
  const applied = await inTransaction(connection, () => appliedIn(connection))
  for (const [index, id] of applied.entries()) {
    if (migrations[index]?.id !== id)
      throw new Fault(`the database has the migration ${id}, which this version does not know: run a newer version`)
  }
  for (const migration of migrations.slice(applied.length)) {
    await inTransaction(connection, () => apply(connection, migration, clock))
  }
}

/** Whether the database, which nothing is written to, has had exactly these. Inside a transaction. */
export async function hasAll({ db }: Connection, migrations: readonly Migration[]): Promise<boolean> {
  const { rows } = await sql<{ id: string }>`select id from migrations order by id`.execute(db)
  return rows.length === migrations.length && rows.every((row, index) => row.id === migrations[index]?.id)
}

async function appliedIn({ db }: Connection): Promise<string[]> {
  await sql`create table if not exists migrations (id text primary key, "appliedAt" bigint not null)`.execute(db)
  const { rows } = await sql<{ id: string }>`select id from migrations order by id`.execute(db)
  return rows.map((row) => row.id)
}

async function apply({ db }: Connection, { id, up }: Migration, clock: Clock): Promise<void> {
  try {
    await up(db as unknown as Kysely<unknown>)
    await sql`insert into migrations (id, "appliedAt") values (${id}, ${clock.now().getTime()})`.execute(db)
  } catch (cause) {
    throw new Fault(`the migration ${id} failed`, { cause })
  }
}

async function inTransaction<T>({ raw }: Connection, work: () => Promise<T>): Promise<T> {
  raw.exec('BEGIN IMMEDIATE')
  try {
    const value = await work()
    raw.exec('COMMIT')
    return value
  } finally {
    if (raw.isTransaction) raw.exec('ROLLBACK')
  }
}
