import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { seededRandom } from '../base/random.ts'
import { openStore } from '../store/open.ts'
import type { Store } from '../store/store.ts'
import { Blobs } from './blobs.ts'
import { readObject } from './reader.ts'
import { type WriterParts, writeObject } from './writer.ts'

const [alice, bob] = ['111122223333', '444455556666']
let folder: string
let store: Store
let parts: WriterParts

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cumulet-writer-'))
  store = await openStore(':memory:')
  const random = seededRandom('writer')
  parts = { store, random, blobs: new Blobs(folder, random), now: () => new Date(0) }
  const bucket = { name: 'disks', accountId: alice, aclJson: '[]', policyJson: null, createdAt: 0 }
  await store.transact((tx) => tx.db.insertInto('buckets').values(bucket).execute())
})
afterAll(async () => {
  await store.close()
  await rm(folder, { recursive: true })
})

const write = (account: string, text: string, bucket = 'disks') =>
  writeObject(parts, account, { bucket, key: 'out/disk' }, async function* () {
    yield Buffer.from(text)
  })
const files = async () => (await readdir(folder, { recursive: true, withFileTypes: true })).filter((it) => it.isFile())

async function read(): Promise<string> {
  const found = await readObject(parts, alice, { bucket: 'disks', key: 'out/disk' })
  const pieces: Buffer[] = []
  for await (const it of found!.content) pieces.push(Buffer.from(it))
  return Buffer.concat(pieces).toString()
}

test('an object is written in the name of whoever may, and replaces the one before', async () => {
  expect(await write(alice, 'one')).toBe(true)
  expect(await write(alice, 'two')).toBe(true)
  expect(await read()).toBe('two')
  expect(await files()).toHaveLength(1)
})

test('who may not write there, or nowhere, leaves nothing', async () => {
  expect(await write(bob, 'three')).toBe(false)
  expect(await write(alice, 'three', 'nowhere')).toBe(false)
  expect([await read(), (await files()).length]).toEqual(['two', 1])
})
