import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openStore } from './open.ts'
import { insertRow, updateRows } from './prepared.ts'
import { rollback, type Store, type Transaction, type Watch } from './store.ts'
import type { HostRow } from './tables/resources.ts'

const host: HostRow = {
  ...{ id: 'a1', zone: 'z', underlayAddress: '100.64.1.1', isEdge: 0, accelerator: 'none', troublesJson: '[]' },
  ...{ memoryMib: 1, cores: 1, diskGib: 1, connected: 1, lost: 0, generation: 1, received: 1, settled: 1 },
  ...{ domains: 0, claimedMib: 0 },
}

const row = (resourceId: string, key = 'k', value = 'v') =>
  ({ resourceId, kind: 'instance', accountId: '111122223333', key, value }) as const
const put = (tx: Transaction, id: string) => tx.db.insertInto('tags').values(row(id)).execute()

describe.each(['memory', 'disk'])('a store in %s', (where) => {
  let folder: string
  let store: Store
  let watch: Watch

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'written-'))
    store = await openStore(where === 'memory' ? ':memory:' : folder)
    watch = store.watch(['tags.resourceId', 'instanceBoots.instanceId'])
  })
  afterEach(async () => {
    await store.close()
    await rm(folder, { recursive: true })
  })

  const taken = () => store.read(async () => [...(watch.take().get('tags.resourceId') ?? [])].sort())

  test('tells of rows that were made, changed and removed, once', async () => {
    await store.transact((tx) => put(tx, 'i-1'))
    expect(await taken()).toEqual(['i-1'])
    await store.transact((tx) => tx.db.updateTable('tags').set({ resourceId: 'i-2' }).execute())
    expect(await taken()).toEqual(['i-1', 'i-2'])
    await store.transact((tx) => tx.db.deleteFrom('tags').execute())
    expect(await taken()).toEqual(['i-2'])
    await store.transact((tx) => tx.db.deleteFrom('tags').execute())
    if (where === 'disk') expect(await taken()).toEqual([])
  })

  test('tells nothing of columns that nobody goes by', async () => {
    using hosts = store.watch(['hosts.id'])
    const told = () => store.read(async () => [...(hosts.take().get('hosts.id') ?? [])])
    const change = (columns: Partial<HostRow>) => store.transact((tx) => updateRows(tx, 'hosts', { id: 'a1' }, columns))
    await store.transact((tx) => insertRow(tx, 'hosts', host))
    expect(await told()).toEqual(['a1'])
    await change({ received: 7, settled: 7, troublesJson: '[1]' })
    await change({ domains: 3, claimedMib: 9 })
    expect(await told()).toEqual([])
    await change({ received: 8, generation: 9 })
    expect(await told()).toEqual(['a1'])
  })

  test('tells of what a row that is put over another leaves', async () => {
    const upsert = (value: string) =>
      store.transact((tx) =>
        tx.db
          .insertInto('tags')
          .values(row('i-1', 'k', value))
          .onConflict((it) => it.columns(['resourceId', 'key']).doUpdateSet({ value }))
          .execute(),
      )
    await upsert('one')
    watch.take()
    await upsert('two')
    expect(await taken()).toEqual(['i-1'])
  })

  test('a state that is read and what was written to get there are the same moment', async () => {
    const seen = new Set<string>()
    const writing = Promise.all(
      Array.from({ length: 200 }, async (_, index) => store.transact((tx) => put(tx, `i-${index}`))),
    )
    for (let count = 0; count < 50; count++) {
      await store.read(async ({ db }) => {
        for (const it of watch.take().get('tags.resourceId') ?? []) seen.add(it)
        const rows = await db.selectFrom('tags').select('resourceId').execute()
        expect(rows.map((it) => it.resourceId).sort()).toEqual([...seen].sort())
      })
    }
    await writing
  })

  test('what was undone is nothing', async () => {
    await store.transact(async (tx) => rollback(await put(tx, 'i-1')))
    await store.transact((tx) => put(tx, 'i-2'))
    expect(await taken()).toEqual(['i-2'])
  })
})

test('a row that goes with another is told of', async () => {
  const store = await openStore(':memory:')
  using watch = store.watch(['signals.subject'])
  await store.transact(async ({ db }) => {
    const strand = { subject: 'i-1', machine: 'instance', step: 'boot', kind: 'instance', payload: 'null' }
    await db
      .insertInto('strands')
      .values(strand as never)
      .execute()
    await db.insertInto('signals').values({ subject: 'i-1', name: 'stop' }).execute()
  })
  watch.take()
  await store.transact(({ db }) => db.deleteFrom('strands').execute())
  expect(await store.read(async () => [...(watch.take().get('signals.subject') ?? [])])).toEqual(['i-1'])
  await store.close()
})
