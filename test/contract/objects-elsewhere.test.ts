import { readFile } from 'node:fs/promises'
import * as s3 from '@aws-sdk/client-s3'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readElsewhere, writeElsewhere } from '../../src/s3/elsewhere.ts'
import { type Objects, openObjects, owner } from './loopback-objects.ts'

let objects: Objects
const never = new AbortController().signal

beforeAll(async () => {
  objects = await openObjects()
  const client = new s3.S3Client({
    endpoint: objects.url,
    region: 'us-west-2',
    forcePathStyle: true,
    credentials: owner,
  })
  await client.send(new s3.CreateBucketCommand({ Bucket: 'there' }))
  await client.send(new s3.PutObjectCommand({ Bucket: 'there', Key: 'a b/ü+', Body: 'elsewhere' }))
})
afterAll(() => objects[Symbol.asyncDispose]())

test('an object of another store is read with the operator’s keys; one that is not there is none', async () => {
  const place = { url: objects.url, region: 'us-west-2', ...owner }
  const read = (key: string, from = place) => readElsewhere(from, { bucket: 'there', key }, new Date(), never)
  const found = await read('a b/ü+')
  expect(found!.bytes).toBe(9)
  expect(Buffer.concat(await Array.fromAsync(found!.content)).toString()).toBe('elsewhere')
  expect(await read('none')).toBeUndefined()
  expect(await read('a b/ü+', { ...place, secretAccessKey: 'another' })).toBeUndefined()
})

test('a file becomes an object of another store; where that is not allowed it says so', async () => {
  const place = { url: objects.url, region: 'us-west-2', ...owner }
  const write = (bucket: string) =>
    writeElsewhere(place, { bucket, key: 'in/a b' }, import.meta.filename, { now: new Date(), abort: never })
  expect(await write('there')).toBe(true)
  const found = await readElsewhere(place, { bucket: 'there', key: 'in/a b' }, new Date(), never)
  const content = Buffer.concat(await Array.fromAsync(found!.content, (it) => Buffer.from(it)))
  expect(content.equals(await readFile(import.meta.filename))).toBe(true)
  expect(await write('nowhere')).toBe(false)
})
