/** The control plane is killed in the middle of writes to its object store: what was there stays, and nothing is left over. */
import { createHash, randomBytes } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import * as s3 from '@aws-sdk/client-s3'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually, TestCloud } from '../e2e/cloud.ts'

let cloud: TestCloud

beforeAll(async () => {
  cloud = await TestCloud.start(['--hypervisor', 'fake'])
})
afterAll(() => cloud?.[Symbol.asyncDispose]())

async function client(): Promise<s3.S3Client> {
  const { endpoint, region, accessKeyId, secretAccessKey } = await cloud.profile()
  return new s3.S3Client({
    ...{ endpoint, region, forcePathStyle: true, maxAttempts: 1 },
    credentials: { accessKeyId, secretAccessKey },
  })
}

const filesOf = async () => {
  const all = await readdir(join(cloud.data, 'objects'), { recursive: true, withFileTypes: true })
  return all.filter((it) => it.isFile()).map((it) => it.name)
}

test('a write is there whole or not at all', async () => {
  const at = { Bucket: 'kept', Key: 'key' }
  const first = await client()
  await first.send(new s3.CreateBucketCommand({ Bucket: 'kept' }))
  const versions = [randomBytes(4 * 2 ** 20), randomBytes(24 * 2 ** 20)] as const
  await first.send(new s3.PutObjectCommand({ ...at, Body: versions[0] }))
  const before = await filesOf()
  const sent = first.send(new s3.PutObjectCommand({ ...at, Body: versions[1] })).then(
    () => 'answered',
    () => 'lost',
  )
  await eventually(async () => ((await filesOf()).length > before.length ? true : undefined)) // It is being written.
  await cloud.end('SIGKILL')
  const outcome = await sent
  await cloud.up()
  const second = await client()
  const { Body, ContentLength } = await second.send(new s3.GetObjectCommand(at))
  const found = Buffer.from(await Body!.transformToByteArray())
  expect(found.length).toBe(ContentLength)
  const digests = versions.map((it) => createHash('sha256').update(it).digest('hex'))
  const index = digests.indexOf(createHash('sha256').update(found).digest('hex'))
  expect(outcome === 'answered' ? [1] : [0, 1]).toContain(index)
  expect(await filesOf()).toHaveLength(1)
}, 60_000)
