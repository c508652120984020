import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Fault } from '../base/fault.ts'
import { migrations } from './migrations/all.ts'
import { openForeignStore, openStore } from './open.ts'
import { nextNumber } from './sequences.ts'
import { type Reader, rollback, type Store } from './store.ts'

let directory: string
let store: Store

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'cumulet-store-'))
  store = await openStore(directory)
})
afterEach(async () => {
  await store.close()
  rmSync(directory, { recursive: true })
})

const numbers = (reader: Reader) => reader.db.selectFrom('sequences').selectAll().orderBy('name').execute()

describe('a transaction', () => {
  test('is there after the store was closed and opened again', async () => {
    await store.transact((tx) => nextNumber(tx, 'dom'))
    await store.close()
    store = await openStore(directory)
    expect(await store.transact((tx) => nextNumber(tx, 'dom'))).toBe(2)
  })

  test('that throws leaves nothing, and does not harm those committed with it', async () => {
    const outcomes = await Promise.allSettled([
      store.transact((tx) => nextNumber(tx, 'a')),
      store.transact(async (tx) => {
        await nextNumber(tx, 'b')
        throw new Error('refused')
      }),
      store.transact((tx) => nextNumber(tx, 'a')),
    ])
    expect(outcomes.map((it) => it.status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(await store.read(numbers)).toEqual([{ name: 'a', value: 2 }])
  })

  test('can give its value and leave nothing', async () => {
    expect(await store.transact(async (tx) => rollback(await nextNumber(tx, 'a')))).toBe(1)
    expect(await store.read(numbers)).toEqual([])
  })

  test('calls back only if it was kept, and when readers see it', async () => {
    const seen: string[] = []
    let visible: Promise<unknown> | undefined
    await store.transact(async (tx) => {
      await nextNumber(tx, 'a')
      tx.afterCommit(() => {
        seen.push('kept')
        visible = store.read(numbers)
      })
    })
    await store.transact(async (tx) => {
      tx.afterCommit(() => seen.push('rolled back'))
      return rollback(undefined)
    })
    expect(seen).toEqual(['kept'])
    expect(await visible).toHaveLength(1)
  })

  test('sees what the one before it wrote, though both are committed together', async () => {
    const all = await Promise.all(Array.from({ length: 200 }, () => store.transact((tx) => nextNumber(tx, 'a'))))
    expect(all).toEqual(Array.from({ length: 200 }, (_, index) => index + 1))
  })

  test('is refused inside another, instead of waiting for ever', async () => {
    await expect(store.transact(() => store.transact(async () => 1))).rejects.toThrow(Fault)
    await expect(store.read(() => store.read(async () => 1))).rejects.toThrow(Fault)
  })

  test('can no longer be used after its end', async () => {
    const kept = await store.transact(async (tx) => tx)
    await expect(nextNumber(kept, 'a')).rejects.toThrow('ended')
  })
})

describe('a read', () => {
  test('cannot write', async () => {
    await expect(
      store.read((it) => it.db.insertInto('sequences').values({ name: 'x', value: 1 }).execute()),
    ).rejects.toThrow()
    expect(await store.read(numbers)).toEqual([])
  })

  test('sees nothing of a transaction that is not committed', async () => {
    const seen = await store.transact(async (tx) => {
      await nextNumber(tx, 'a')
      return undefined
    })
    expect(seen).toBeUndefined()
    const { promise: written, resolve: wrote } = Promise.withResolvers<void>()
    const { promise: go, resolve: release } = Promise.withResolvers<void>()
    const writing = store.transact(async (tx) => {
      await nextNumber(tx, 'a')
      wrote()
      await go
    })
    await written
    expect(await store.read(numbers)).toEqual([{ name: 'a', value: 1 }])
    release()
    await writing
    expect(await store.read(numbers)).toEqual([{ name: 'a', value: 2 }])
  })
})

describe('the database', () => {
  test('refuses a second owner, also from another process', async () => {
    await expect(openStore(directory)).rejects.toThrow('in use')
    const script = `
      import { openStore } from ${JSON.stringify(new URL('./open.ts', import.meta.url).href)}
      try { await openStore(${JSON.stringify(directory)}) } catch (error) { console.log(error.message) }`
    const said = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
    expect(said).toContain(`in use by another process (pid ${process.pid})`)
  })

  test('is changed in the order of the ids of its migrations', () => {
    const ids = migrations.map((it) => it.id)
    expect(ids).toEqual([...new Set(ids)].sort())
  })

  test('made by a newer version is refused', async () => {
    await store.close()
    const newer = [...migrations, { id: '9999-future', up: async () => {} }]
    await (await openStore(directory, { migrations: newer })).close()
    await expect(openStore(directory)).rejects.toThrow('9999-future')
    store = await openStore(directory, { migrations: newer })
  })

  test('keeps nothing of a migration that fails', async () => {
    await store.close()
    const broken = {
      id: '9999-broken',
      async up(db: Parameters<(typeof migrations)[number]['up']>[0]) {
        await db.schema.createTable('half').addColumn('id', 'text').execute()
        throw new Error('no')
      },
    }
    await expect(openStore(directory, { migrations: [...migrations, broken] })).rejects.toThrow('9999-broken')
    store = await openStore(directory)
    const tables = await store.read((it) => it.db.introspection.getTables())
    expect(tables.map((it) => it.name)).not.toContain('half')
  })

  test('in memory behaves alike', async () => {
    const memory = await openStore(':memory:')
    expect(await memory.transact((tx) => nextNumber(tx, 'a'))).toBe(1)
    expect(await memory.read(numbers)).toHaveLength(1)
    await memory.close()
    await expect(memory.transact(async () => 1)).rejects.toThrow('closed')
  })
})

describe('a store of another process', () => {
  test('is read as it is at each moment, before its owner has gone and after', async () => {
    await using foreign = openForeignStore(directory)
    expect(await foreign.read(numbers)).toEqual([])
    await store.transact((tx) => nextNumber(tx, 'dom'))
    expect(await foreign.read(numbers)).toEqual([{ name: 'dom', value: 1 }])
    await store.close()
    expect(await foreign.read(numbers)).toEqual([{ name: 'dom', value: 1 }])
    store = await openStore(directory)
    await store.transact((tx) => nextNumber(tx, 'dom'))
    expect(await foreign.read(numbers)).toEqual([{ name: 'dom', value: 2 }])
  })

  test('cannot be written to', async () => {
    await using foreign = openForeignStore(directory)
    const write = ({ db }: Reader) => db.deleteFrom('sequences').execute()
    await expect(foreign.read(write)).rejects.toThrow(/readonly/)
  })

  test('is not made where there is none, and may be of another version', async () => {
    expect(() => openForeignStore(join(directory, 'none'))).toThrow()
    await using foreign = openForeignStore(directory)
    expect(await foreign.isOfThisVersion()).toBe(true)
    await store.transact(({ db }) =>
      sql`delete from migrations where id = (select max(id) from migrations)`.execute(db),
    )
    expect(await foreign.isOfThisVersion()).toBe(false)
  })
})
