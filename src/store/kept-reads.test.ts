import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { KeptReads } from './kept-reads.ts'
import { openStore } from './open.ts'
import type { Reader, Store } from './store.ts'

let folder: string
let store: Store
let kept: KeptReads<string>
let reads: number

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kept-reads-'))
  store = await openStore(folder)
  kept = new KeptReads(store, ['tags.resourceId'], { entries: 3, bytes: 8000 })
  reads = 0
})
afterEach(async () => {
  await store.close()
  await rm(folder, { recursive: true })
})

const put = (resourceId: string, value = 'v') =>
  store.transact(({ db }) =>
    db
      .insertInto('tags')
      .values({ resourceId, kind: 'instance', accountId: '111122223333', key: 'k', value })
      .onConflict((it) => it.columns(['resourceId', 'key']).doUpdateSet({ value }))
      .execute(),
  )

/** The values of the rows up to `last`, as kept or as read. */
async function upTo(last: string, meanwhile?: () => Promise<unknown>): Promise<string> {
  return kept.get(last) ?? kept.read(last, (reader) => find(reader, last, meanwhile))
}

async function find({ db }: Reader, last: string, meanwhile?: () => Promise<unknown>) {
  reads++
  const rows = await db.selectFrom('tags').selectAll().where('resourceId', '<=', last).orderBy('resourceId').execute()
  await meanwhile?.()
  const value = rows.map((it) => it.value).join()
  return { value, bytes: 1, rests: rows.map((it) => it.resourceId), mayHold: (id: string) => id <= last }
}

test('what was found is read once', async () => {
  await put('i-1', 'one')
  expect([await upTo('i-5'), await upTo('i-5'), reads]).toEqual(['one', 'one', 1])
})

test('what was written is never hidden by what was found before', async () => {
  await put('i-1', 'one')
  await upTo('i-5')
  await put('i-1', 'another')
  expect(await upTo('i-5')).toBe('another')
  await put('i-3', 'new')
  expect(await upTo('i-5')).toBe('another,new')
})

test('what is written elsewhere changes nothing', async () => {
  await put('i-1', 'one')
  await upTo('i-5')
  await put('i-7')
  expect([await upTo('i-5'), reads]).toEqual(['one', 1])
})

test('what is written while a read is under way is not hidden by it', async () => {
  await put('i-1', 'one')
  const [reading, written] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const begun = upTo('i-5', () => {
    reading.resolve()
    return written.promise
  })
  await reading.promise
  await put('i-1', 'two')
  kept.get('i-9') // Others hear of what was written before that read has ended.
  written.resolve()
  expect(await begun).toBe('one')
  expect(await upTo('i-5')).toBe('two')
})

test('what is new takes the place of what was asked for longest ago, once it is asked for twice as often', async () => {
  for (const last of ['i-1', 'i-2', 'i-3', 'i-4', 'i-1']) await upTo(last)
  expect(reads).toBe(4)
  await upTo('i-4')
  expect(reads).toBe(5)
  for (const last of ['i-4', 'i-1']) await upTo(last)
  expect(reads).toBe(5)
  await upTo('i-2')
  expect(reads).toBe(6)
})

test('what was asked for often, but long ago, keeps nothing else out', async () => {
  for (let count = 0; count < 10; count++) await upTo('i-1')
  for (const last of ['i-2', 'i-3', 'i-4', 'i-4']) await upTo(last)
  const before = reads
  for (const last of ['i-4', 'i-1', 'i-4', 'i-1']) await upTo(last)
  expect(reads).toBe(before)
})

test('what is asked for in turn is not replaced each time', async () => {
  const turn = async () => {
    const before = reads
    for (const last of ['i-1', 'i-2', 'i-3', 'i-4', 'i-5']) await upTo(last)
    return reads - before
  }
  for (let count = 0; count < 3; count++) await turn()
  for (let count = 0; count < 3; count++) expect(await turn()).toBe(2)
})
