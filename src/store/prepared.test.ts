import { afterEach, beforeEach, expect, test } from 'vitest'
import { openStore } from './open.ts'
import { deleteRows, insertRow, prepared, putRow, rowsWhere, rowWhere, updateRows } from './prepared.ts'
import type { Store, Transaction } from './store.ts'

let store: Store

beforeEach(async () => {
  store = await openStore(':memory:')
})
afterEach(() => store.close())

const values = prepared((db, names: readonly string[], value: number) =>
  db.selectFrom('sequences').selectAll().where('name', 'in', names).where('value', '=', value).orderBy('name'),
)

test.each([0, 1, 2, 3, 5, 8, 9, 200, 1024, 1025])('a list of %i values finds what it names', async (count) => {
  await store.transact(async (tx) => {
    for (let index = 0; index < 1100; index++) await insertRow(tx, 'sequences', { name: named(index), value: 1 })
    const asked = Array.from({ length: count }, (_, index) => named(index + 7))
    const found = async (value: number) => (await values(tx, asked, value)).map((it) => it.name)
    expect(await found(1)).toEqual(asked)
    expect(await found(2)).toEqual([])
  })
})

test('a value that the query does without is a mistake', async () => {
  const careless = prepared((db, _unused: string) => db.selectFrom('sequences').selectAll())
  await expect(store.read((reader) => careless(reader, 'a'))).rejects.toThrow('a value is not in select')
})

test('a query fails in a transaction that has ended, as any other', async () => {
  let kept: Transaction | undefined
  await store.transact(async (tx) => {
    kept = tx
    await insertRow(tx, 'sequences', { name: 'a', value: 1 })
  })
  await expect(rowWhere(kept!, 'sequences', { name: 'a' })).rejects.toThrow('the transaction has ended')
})

test('rows are found, changed and removed by what is in their columns, and no others', async () => {
  const tag = { kind: 'instance', accountId: '111122223333', value: '1' } as const
  await store.transact(async (tx) => {
    for (const resourceId of ['i-1', 'i-2'])
      for (const key of ['a', 'b']) await insertRow(tx, 'tags', { ...tag, resourceId, key })
    await updateRows(tx, 'tags', { resourceId: 'i-1', key: 'b' }, { value: '2' })
    expect(await rowsWhere(tx, 'tags', { resourceId: 'i-1' })).toEqual([
      { ...tag, resourceId: 'i-1', key: 'a' },
      { ...tag, resourceId: 'i-1', key: 'b', value: '2' },
    ])
    await deleteRows(tx, 'tags', { resourceId: 'i-1', value: '1' })
    expect(await rowWhere(tx, 'tags', { resourceId: 'i-1', key: 'a' })).toBeUndefined()
    expect(await rowsWhere(tx, 'tags', { value: '1' })).toHaveLength(2)
  })
})

test('a row is put in the place of the one with its key', async () => {
  await store.transact(async (tx) => {
    for (const value of [1, 5]) await putRow(tx, 'sequences', 'name', { name: 'dom', value })
    await putRow(tx, 'sequences', 'name', { name: 'other', value: 7 })
    expect(await rowsWhere(tx, 'sequences', { name: 'dom' })).toEqual([{ name: 'dom', value: 5 }])
  })
})

test('null is written, and is equal to nothing', async () => {
  await store.transact(async (tx) => {
    const strand = {
      subject: 'i-1',
      machine: 'm',
      step: 's',
      kind: 'decide',
      payload: '',
      lease: 0,
      attempts: 0,
    } as const
    await insertRow(tx, 'strands', { ...strand, ending: 0, wakeAt: null })
    await updateRows(tx, 'strands', { subject: 'i-1' }, { owner: 'me', lastError: null })
    expect(await rowWhere(tx, 'strands', { subject: 'i-1' })).toMatchObject({
      wakeAt: null,
      owner: 'me',
      lastError: null,
    })
    const withOwner = prepared((db, owner: string | null) =>
      db.selectFrom('strands').select('subject').where('owner', '=', owner),
    )
    expect(await withOwner(tx, null)).toEqual([])
    expect(await withOwner(tx, 'me')).toEqual([{ subject: 'i-1' }])
  })
})

function named(index: number): string {
  return `i-${String(index).padStart(4, '0')}`
}
