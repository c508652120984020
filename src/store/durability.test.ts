import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { silentLog } from '../base/log.ts'
import { GroupCommit } from './group-commit.ts'
import { openForeignStore, openStore } from './open.ts'
import { nextNumber } from './sequences.ts'
import { connect } from './sqlite.ts'
import type { Transaction } from './store.ts'

let directory: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'cumulet-store-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

test('what was answered is there after kill -9, and the directory is free at once', async () => {
  const url = (file: string) => JSON.stringify(new URL(file, import.meta.url).href)
  const script = `
    import { openStore } from ${url('./open.ts')}
    import { nextNumber } from ${url('./sequences.ts')}
    const store = await openStore(${JSON.stringify(directory)})
    const work = async () => { for (;;) console.log(await store.transact((tx) => nextNumber(tx, 'n'))) }
    await Promise.all(Array.from({ length: 8 }, work))`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  child.stdout.on('data', (chunk: Buffer) => {
    said += chunk
    if (said.length > 2_000) child.kill('SIGKILL')
  })
  await once(child, 'close')
  const last = Math.max(...said.split('\n').slice(0, -1).map(Number))
  expect(last).toBeGreaterThan(100)
  const foreign = openForeignStore(directory)
  const { value } = await foreign.read(({ db }) => db.selectFrom('sequences').selectAll().executeTakeFirstOrThrow())
  await foreign[Symbol.asyncDispose]()
  expect(value).toBeGreaterThanOrEqual(last)
  const store = await openStore(directory)
  expect(await store.transact((tx) => nextNumber(tx, 'n'))).toBeGreaterThan(last)
  await store.close()
})

test('a full disk fails all that were to be committed together, and later ones work', async () => {
  await (await openStore(directory)).close()
  const connection = connect(join(directory, 'cumulet.db'))
  const commits = new GroupCommit(connection, silentLog)
  const fill = (name: string, length: number) => (tx: Transaction) =>
    tx.db
      .insertInto('sequences')
      .values({ name: name.padEnd(length, '.'), value: 1 })
      .execute()
  const called: string[] = []
  connection.raw.exec('PRAGMA max_page_count = 40')
  const outcomes = await Promise.allSettled([
    commits.transact(async (tx) => {
      tx.afterCommit(() => called.push('small'))
      await fill('small', 10)(tx)
    }),
    commits.transact(fill('large', 1_000_000)),
    commits.transact((tx) => fill('large again', 1_000_000)(tx).catch(() => 'ignored')),
  ])
  expect(outcomes.map((it) => it.status)).toEqual(['rejected', 'rejected', 'rejected'])
  expect(called).toEqual([])
  await commits.transact(fill('later', 10))
  const names = await commits.read((it) => it.db.selectFrom('sequences').select('name').execute())
  expect(names).toEqual([{ name: 'later'.padEnd(10, '.') }])
  await commits.close()
  connection.raw.close()
})

test('a commit that fails is told to everyone who waited for it', async () => {
  await (await openStore(directory)).close()
  const connection = connect(join(directory, 'cumulet.db'))
  connection.raw.exec('PRAGMA busy_timeout = 0')
  const other = new DatabaseSync(join(directory, 'cumulet.db'))
  other.exec('BEGIN IMMEDIATE')
  const commits = new GroupCommit(connection, silentLog)
  const outcomes = await Promise.allSettled(['a', 'b'].map((name) => commits.transact((tx) => nextNumber(tx, name))))
  for (const outcome of outcomes) expect(outcome).toMatchObject({ reason: { name: 'Fault' } })
  other.close()
  expect(await commits.transact((tx) => nextNumber(tx, 'a'))).toBe(1)
  await commits.close()
  connection.raw.close()
})
