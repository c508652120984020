import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { connect } from './sqlite.ts'

test('a statement that is kept answers what a change of the schema added', async () => {
  const { raw, db } = connect(':memory:')
  raw.exec('BEGIN')
  await sql`create table things (id text)`.execute(db)
  await sql`insert into things values ('a')`.execute(db)
  const all = sql`select * from things`
  expect((await all.execute(db)).rows).toEqual([{ id: 'a' }])
  await sql`alter table things add column size integer default 3`.execute(db)
  expect((await all.execute(db)).rows).toEqual([{ id: 'a', size: 3 }])
  raw.close()
})

test('a row has each of its columns, those that are null too', async () => {
  const { raw, db } = connect(':memory:')
  raw.exec('BEGIN')
  const { rows } = await sql`select 'x' as name, null as missing, 7 as size union all select 'y', 1, null`.execute(db)
  expect(rows).toEqual([
    { name: 'x', missing: null, size: 7 },
    { name: 'y', missing: 1, size: null },
  ])
  raw.close()
})
