import { createHash, randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import * as s3 from '@aws-sdk/client-s3'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { guest, type Objects, openObjects, owner } from './loopback-objects.ts'

let objects: Objects
let mine: s3.S3Client
let theirs: s3.S3Client

beforeAll(async () => {
  objects = await openObjects()
  const config = { endpoint: objects.url, region: 'us-west-2', forcePathStyle: true, maxAttempts: 1 }
  mine = new s3.S3Client({ ...config, credentials: owner })
  theirs = new s3.S3Client({ ...config, credentials: guest })
  await mine.send(new s3.CreateBucketCommand({ Bucket: 'bucket' }))
})
afterAll(() => objects[Symbol.asyncDispose]())

const at = (Key: string) => ({ Bucket: 'bucket', Key })
const put = (Key: string, Body: NonNullable<s3.PutObjectCommandInput['Body']>, more: object = {}) =>
  mine.send(new s3.PutObjectCommand({ ...at(Key), Body, ...more }))
async function get(Key: string, more: object = {}, client = mine): Promise<string> {
  const answer = await client.send(new s3.GetObjectCommand({ ...at(Key), ...more }))
  return await answer.Body!.transformToString()
}
const refused = (code: string) => expect.objectContaining({ name: code })

test('an object comes back as it went, with its headers and what its owner says of it', async () => {
  const { ETag } = await put('a/ä b+c%&=~.txt', 'hello', {
    Metadata: { colour: 'blue' },
    ContentType: 'text/plain',
    CacheControl: 'no-cache',
  })
  expect(ETag).toBe(`"${createHash('md5').update('hello').digest('hex')}"`)
  const answer = await mine.send(new s3.GetObjectCommand(at('a/ä b+c%&=~.txt')))
  expect(await answer.Body!.transformToString()).toBe('hello')
  expect(answer).toMatchObject({
    Metadata: { colour: 'blue' },
    ContentType: 'text/plain',
    CacheControl: 'no-cache',
    ETag,
  })
  expect(answer.ContentEncoding).toBeUndefined()
})

test.each(['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const)(
  'a checksum by %s is compared and kept',
  async (ChecksumAlgorithm) => {
    const { $metadata: _, ...answer } = await put('summed', 'some text', { ChecksumAlgorithm })
    const name = `Checksum${ChecksumAlgorithm}` as const
    expect(answer[name]).toMatch(/=|\w/)
    const head = await mine.send(new s3.HeadObjectCommand({ ...at('summed'), ChecksumMode: 'ENABLED' }))
    expect(head[name]).toBe(answer[name])
    const before = await objects.files()
    await expect(put('wrong', 'other text', { [name]: answer[name] })).rejects.toEqual(refused('BadDigest'))
    expect((await objects.files()).sort()).toEqual(before.sort())
    await expect(get('wrong')).rejects.toEqual(refused('NoSuchKey'))
  },
)

test('a stream of unknown content is taken in pieces with its checksum behind them', async () => {
  const bytes = randomBytes(300_000)
  const Body = Readable.from([bytes.subarray(0, 100_001), bytes.subarray(100_001)])
  await put('stream', Body, { ContentLength: bytes.length, ChecksumAlgorithm: 'CRC32C' })
  const answer = await mine.send(new s3.GetObjectCommand({ ...at('stream'), ChecksumMode: 'ENABLED' }))
  expect(Buffer.from(await answer.Body!.transformToByteArray()).equals(bytes)).toBe(true)
})

test('parts of a range', async () => {
  await put('digits', '0123456789')
  expect(await get('digits', { Range: 'bytes=2-4' })).toBe('234')
  expect(await get('digits', { Range: 'bytes=7-' })).toBe('789')
  expect(await get('digits', { Range: 'bytes=-3' })).toBe('789')
  expect(await get('digits', { Range: 'bytes=8-100' })).toBe('89')
  await expect(get('digits', { Range: 'bytes=10-' })).rejects.toEqual(refused('InvalidRange'))
  const { ContentRange } = await mine.send(new s3.GetObjectCommand({ ...at('digits'), Range: 'bytes=0-0' }))
  expect(ContentRange).toBe('bytes 0-0/10')
})

test('conditions of readers and writers', async () => {
  const { ETag } = await put('conditional', 'one')
  expect(await get('conditional', { IfMatch: ETag })).toBe('one')
  await expect(get('conditional', { IfMatch: '"other"' })).rejects.toEqual(refused('PreconditionFailed'))
  await expect(get('conditional', { IfNoneMatch: ETag })).rejects.toMatchObject({ $metadata: { httpStatusCode: 304 } })
  await expect(get('conditional', { IfModifiedSince: new Date(Date.now() + 5000) })).rejects.toMatchObject({
    $metadata: { httpStatusCode: 304 },
  })
  await expect(get('conditional', { IfUnmodifiedSince: new Date(0) })).rejects.toEqual(refused('PreconditionFailed'))
  await expect(put('conditional', 'two', { IfNoneMatch: '*' })).rejects.toEqual(refused('PreconditionFailed'))
  await expect(put('conditional', 'two', { IfMatch: '"other"' })).rejects.toEqual(refused('PreconditionFailed'))
  await put('conditional', 'two', { IfMatch: ETag })
  expect(await get('conditional')).toBe('two')
})

test('of two writers who both want to be the first, one is', async () => {
  const results = await Promise.allSettled([1, 2, 3].map((it) => put('first', String(it), { IfNoneMatch: '*' })))
  expect(results.filter((it) => it.status === 'fulfilled')).toHaveLength(1)
})

test('a copy has the headers of its source, or new ones', async () => {
  await put('source dir/ü', 'copied', { Metadata: { colour: 'blue' }, ContentType: 'text/x' })
  const CopySource = 'bucket/' + encodeURIComponent('source dir/ü')
  await mine.send(new s3.CopyObjectCommand({ ...at('copy'), CopySource }))
  expect(await mine.send(new s3.HeadObjectCommand(at('copy')))).toMatchObject({
    Metadata: { colour: 'blue' },
    ContentType: 'text/x',
    ContentLength: 6,
  })
  await mine.send(
    new s3.CopyObjectCommand({ ...at('copy'), CopySource, MetadataDirective: 'REPLACE', Metadata: { colour: 'red' } }),
  )
  expect((await mine.send(new s3.HeadObjectCommand(at('copy')))).Metadata).toEqual({ colour: 'red' })
  await expect(mine.send(new s3.CopyObjectCommand({ ...at('copy'), CopySource: 'bucket/copy' }))).rejects.toEqual(
    refused('InvalidRequest'),
  )
  await expect(mine.send(new s3.CopyObjectCommand({ ...at('copy'), CopySource: 'bucket/none' }))).rejects.toEqual(
    refused('NoSuchKey'),
  )
})

test('an object in parts: its ETag, its checksum, one part of it, a part copied', async () => {
  const [first, second] = [randomBytes(5 * 2 ** 20), randomBytes(1000)]
  const { UploadId } = await mine.send(
    new s3.CreateMultipartUploadCommand({ ...at('big'), ChecksumAlgorithm: 'CRC64NVME' }),
  )
  const upload = (PartNumber: number, Body: Buffer) =>
    mine.send(new s3.UploadPartCommand({ ...at('big'), UploadId, PartNumber, Body, ChecksumAlgorithm: 'CRC64NVME' }))
  await upload(1, second)
  const one = await upload(1, first)
  await put('source', second)
  const two = (
    await mine.send(
      new s3.UploadPartCopyCommand({
        ...at('big'),
        UploadId,
        PartNumber: 3,
        CopySource: 'bucket/source',
        CopySourceRange: 'bytes=0-999',
      }),
    )
  ).CopyPartResult
  const { Parts } = await mine.send(new s3.ListPartsCommand({ ...at('big'), UploadId }))
  expect(Parts!.map((it) => [it.PartNumber, it.Size])).toEqual([
    [1, first.length],
    [3, 1000],
  ])
  const complete = (MultipartUpload: s3.CompletedMultipartUpload) =>
    mine.send(new s3.CompleteMultipartUploadCommand({ ...at('big'), UploadId, MultipartUpload }))
  await expect(complete({ Parts: [{ PartNumber: 2, ETag: '"x"' }] })).rejects.toEqual(refused('InvalidPart'))
  await expect(
    complete({
      Parts: [
        { PartNumber: 3, ETag: two!.ETag },
        { PartNumber: 1, ETag: one.ETag },
      ],
    }),
  ).rejects.toEqual(refused('InvalidPartOrder'))
  const done = await complete({
    Parts: [
      { PartNumber: 1, ETag: one.ETag },
      { PartNumber: 3, ETag: two!.ETag },
    ],
  })
  expect(done.ETag).toMatch(/^"[0-9a-f]{32}-2"$/)
  const whole = Buffer.concat([first, second])
  const { ChecksumCRC64NVME } = await put('whole', whole, { ChecksumAlgorithm: 'CRC64NVME' })
  expect(done.ChecksumCRC64NVME).toBe(ChecksumCRC64NVME)
  const answer = await mine.send(
    new s3.GetObjectCommand({ ...at('big'), Range: `bytes=${first.length - 10}-${first.length + 9}` }),
  )
  expect(
    Buffer.from(await answer.Body!.transformToByteArray()).equals(whole.subarray(first.length - 10, first.length + 10)),
  ).toBe(true)
  expect((await mine.send(new s3.HeadObjectCommand({ ...at('big'), PartNumber: 2 }))).ContentLength).toBe(1000)
  await expect(mine.send(new s3.ListPartsCommand({ ...at('big'), UploadId }))).rejects.toEqual(refused('NoSuchUpload'))
})

test('an upload that is given up leaves nothing', async () => {
  const before = (await objects.files()).sort()
  const { UploadId } = await mine.send(new s3.CreateMultipartUploadCommand(at('never')))
  await mine.send(new s3.UploadPartCommand({ ...at('never'), UploadId, PartNumber: 1, Body: 'x' }))
  const { Uploads } = await mine.send(new s3.ListMultipartUploadsCommand({ Bucket: 'bucket' }))
  expect(Uploads!.map((it) => it.Key)).toEqual(['never'])
  await mine.send(new s3.AbortMultipartUploadCommand({ ...at('never'), UploadId }))
  expect((await objects.files()).sort()).toEqual(before)
})

test('lists by pages, with prefixes, by either version', async () => {
  await mine.send(new s3.CreateBucketCommand({ Bucket: 'lists' }))
  const keys = ['a/1', 'a/2', 'a/ü', 'b', 'c/x/1', 'c/y', 'd', '\u{1f600}']
  for (const Key of keys) await mine.send(new s3.PutObjectCommand({ Bucket: 'lists', Key, Body: 'x' }))
  const all: string[] = []
  for await (const page of s3.paginateListObjectsV2({ client: mine, pageSize: 3 }, { Bucket: 'lists' }))
    all.push(...page.Contents!.map((it) => it.Key!))
  expect(all).toEqual(keys)
  const grouped: string[] = []
  for await (const page of s3.paginateListObjectsV2({ client: mine, pageSize: 1 }, { Bucket: 'lists', Delimiter: '/' }))
    grouped.push(...(page.CommonPrefixes ?? []).map((it) => it.Prefix!), ...(page.Contents ?? []).map((it) => it.Key!))
  expect(grouped).toEqual(['a/', 'b', 'c/', 'd', '\u{1f600}'])
  const old = await mine.send(new s3.ListObjectsCommand({ Bucket: 'lists', Prefix: 'c/', Delimiter: '/', MaxKeys: 1 }))
  expect(old).toMatchObject({ IsTruncated: true, NextMarker: 'c/x/', CommonPrefixes: [{ Prefix: 'c/x/' }] })
  const next = await mine.send(
    new s3.ListObjectsCommand({ Bucket: 'lists', Prefix: 'c/', Delimiter: '/', Marker: 'c/x/' }),
  )
  expect(next.Contents!.map((it) => it.Key)).toEqual(['c/y'])
  const after = await mine.send(new s3.ListObjectsV2Command({ Bucket: 'lists', StartAfter: 'c/y' }))
  expect(after.Contents!.map((it) => it.Key)).toEqual(['d', '\u{1f600}'])
  const versions = await mine.send(new s3.ListObjectVersionsCommand({ Bucket: 'lists', Prefix: 'a/' }))
  expect(versions.Versions!.map((it) => it.VersionId)).toEqual(['null', 'null', 'null'])
})

test('many are deleted at once, and a bucket only when it is empty', async () => {
  await expect(mine.send(new s3.DeleteBucketCommand({ Bucket: 'lists' }))).rejects.toEqual(refused('BucketNotEmpty'))
  const { Contents } = await mine.send(new s3.ListObjectsV2Command({ Bucket: 'lists' }))
  const Objects = [...Contents!.map(({ Key }) => ({ Key })), { Key: 'not there' }]
  const { Deleted } = await mine.send(new s3.DeleteObjectsCommand({ Bucket: 'lists', Delete: { Objects } }))
  expect(Deleted).toHaveLength(Objects.length)
  await mine.send(new s3.DeleteBucketCommand({ Bucket: 'lists' }))
  await expect(mine.send(new s3.HeadBucketCommand({ Bucket: 'lists' }))).rejects.toMatchObject({
    $metadata: { httpStatusCode: 404 },
  })
})

test('what is another’s is denied, until it is shared by list or policy', async () => {
  await put('secret', 'text')
  await expect(get('secret', {}, theirs)).rejects.toEqual(refused('AccessDenied'))
  await expect(get('nothing', {}, theirs)).rejects.toEqual(refused('AccessDenied'))
  await expect(theirs.send(new s3.DeleteObjectCommand(at('secret')))).rejects.toEqual(refused('AccessDenied'))
  await mine.send(new s3.PutObjectAclCommand({ ...at('secret'), ACL: 'authenticated-read' }))
  expect(await get('secret', {}, theirs)).toBe('text')
  expect((await fetch(`${objects.url}/bucket/secret`)).status).toBe(403)
  await mine.send(new s3.PutObjectAclCommand({ ...at('secret'), ACL: 'public-read' }))
  expect(await (await fetch(`${objects.url}/bucket/secret`)).text()).toBe('text')
  const { Grants } = await mine.send(new s3.GetObjectAclCommand(at('secret')))
  expect(Grants!.map((it) => it.Permission)).toEqual(['FULL_CONTROL', 'READ'])
  await mine.send(new s3.PutObjectAclCommand({ ...at('secret'), ACL: 'private' }))
  const statement = {
    Effect: 'Allow',
    Principal: { AWS: guest.account },
    Action: 's3:Get*',
    Resource: 'arn:aws:s3:::bucket/sec*',
  }
  const setPolicy = (Statement: object[]) =>
    mine.send(
      new s3.PutBucketPolicyCommand({ Bucket: 'bucket', Policy: JSON.stringify({ Version: '2012-10-17', Statement }) }),
    )
  await setPolicy([statement])
  expect(await get('secret', {}, theirs)).toBe('text')
  await expect(get('digits', {}, theirs)).rejects.toEqual(refused('AccessDenied'))
  await setPolicy([statement, { ...statement, Effect: 'Deny' }])
  await expect(get('secret', {}, theirs)).rejects.toEqual(refused('AccessDenied'))
  await expect(setPolicy([{ ...statement, Condition: {} }])).rejects.toEqual(refused('NotImplemented'))
  await mine.send(new s3.DeleteBucketPolicyCommand({ Bucket: 'bucket' }))
})

test('names of buckets belong to who was first', async () => {
  await expect(theirs.send(new s3.CreateBucketCommand({ Bucket: 'bucket' }))).rejects.toEqual(
    refused('BucketAlreadyExists'),
  )
  await mine.send(new s3.CreateBucketCommand({ Bucket: 'bucket' }))
  await expect(mine.send(new s3.CreateBucketCommand({ Bucket: 'No_Such' }))).rejects.toEqual(
    refused('InvalidBucketName'),
  )
})

test('virtual-host style finds the bucket in the name of the host', async () => {
  const { Agent } = await import('node:http')
  const httpAgent = new Agent({
    lookup: (_name, _options, found) => found(null, [{ address: '127.0.0.1', family: 4 }]),
  })
  const endpoint = `http://s3.localhost:${objects.port}`
  const virtual = new s3.S3Client({ endpoint, region: 'us-west-2', credentials: owner, requestHandler: { httpAgent } })
  await virtual.send(new s3.PutObjectCommand({ ...at('hosted'), Body: 'by name' }))
  expect(await get('hosted')).toBe('by name')
})

test('keys that look like paths stay keys', async () => {
  for (const Key of ['../../../../etc/passwd', '/etc/passwd', '..', './x', 'a//b', 'a/../b']) {
    const path = Key.split('/').map(encodeURIComponent).join('/').replaceAll('..', '%2E%2E')
    const { request } = await import('node:http')
    const presigned = await putRaw(request, path)
    expect([Key, presigned]).toEqual([Key, 200])
  }
  const { Contents } = await mine.send(new s3.ListObjectsV2Command({ Bucket: 'open' }))
  expect(Contents!.map((it) => it.Key)).toContain('../../../../etc/passwd')
  expect((await objects.files()).every((it) => /^[0-9a-f]{32}$/.test(it))).toBe(true)
})

/** Sent as it is: clients tidy such paths away. */
async function putRaw(request: typeof import('node:http').request, path: string): Promise<number | undefined> {
  await mine.send(new s3.CreateBucketCommand({ Bucket: 'open', ACL: 'public-read-write' }))
  return await new Promise((resolve, reject) => {
    const sent = request(
      { host: '127.0.0.1', port: objects.port, method: 'PUT', path: `/open/${path}`, headers: { 'content-length': 1 } },
      (answer) => {
        answer.resume()
        resolve(answer.statusCode)
      },
    )
    sent.once('error', reject)
    sent.end('x')
  })
}

test('a body that is cut short changes nothing, and files that no row names are swept away', async () => {
  await put('kept', 'as it was')
  const before = (await objects.files()).sort()
  const { request } = await import('node:http')
  await new Promise<void>((resolve) => {
    const sent = request({
      host: '127.0.0.1',
      port: objects.port,
      method: 'PUT',
      path: '/open/kept',
      headers: { 'content-length': 1000 },
    })
    sent.once('error', () => resolve())
    sent.write('half')
    setTimeout(() => sent.destroy(), 50)
  })
  await expect.poll(async () => (await objects.files()).sort()).toEqual(before)
  const { mkdir, writeFile } = await import('node:fs/promises')
  await mkdir(`${objects.blobFolder}/00`, { recursive: true })
  await writeFile(`${objects.blobFolder}/00/${'0'.repeat(32)}`, 'left of a process that died')
  await objects.reopen()
  expect((await objects.files()).sort()).toEqual(before)
  expect(await get('kept')).toBe('as it was')
})
