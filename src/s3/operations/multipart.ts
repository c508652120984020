/** Objects in parts: create, upload, list, complete, abort. Source: Amazon S3 API Reference, the operations of these names. */
import { createHash } from 'node:crypto'
import { hex } from '../../base/random.ts'
import type { Reader } from '../../store/store.ts'
import type { BlobRow, ObjectRow, UploadRow } from '../../store/tables/objects.ts'
import { grantsOfHeaders, ownerElement } from '../acl.ts'
import type { Received } from '../blobs.ts'
import { type Call, empty, param, requireAccount, requireBucket, requireWritable, xmlAnswer } from '../call.ts'
import {
  type Algorithm,
  algorithmNamed,
  type Checksums,
  checksumOfParts,
  declaredChecksums,
  elementOfChecksum,
} from '../checksums.ts'
import { checkOverwrite } from '../conditions.ts'
import { refuse } from '../errors.ts'
import type { Answer } from '../exchange.ts'
import { checksumHeaders, headersToKeep } from '../object-headers.ts'
import { copyRangeOf } from '../range.ts'
import { blobsOf, dropBlobs, findObject, findUpload, putBlob, putObject } from '../rows.ts'
import { type Element, type Read, readXml } from '../xml.ts'
import { requireCopySource } from './copy.ts'
import { encoded, maxKeys } from './listing.ts'
import { keepOrRemove } from './objects.ts'

/** Source: Amazon S3 User Guide, "Amazon S3 multipart upload limits": 10,000 parts of 5 MB or more, the last one of any size. */
const mostParts = 10_000
const leastPartBytes = 5 * 2 ** 20

export async function createUpload(call: Call): Promise<Answer> {
  const account = requireAccount(call)
  const bucket = await requireWritable(call, 's3:PutObject')
  const algorithm = call.header('x-amz-checksum-algorithm')
  const type = call.header('x-amz-checksum-type')
  const named = algorithm === undefined ? null : algorithmNamed(algorithm)
  const row: UploadRow = {
    ...{ id: hex(call.random, 40), bucket: call.bucket, key: call.key, accountId: account, algorithm: named },
    headersJson: JSON.stringify(headersToKeep(call.headers)),
    aclJson: JSON.stringify(grantsOfHeaders(call.header, bucket.accountId) ?? []),
    wholeChecksum: type === 'FULL_OBJECT' || (type === undefined && named === 'crc64nvme') ? 1 : 0,
    createdAt: call.clock.now().getTime(),
  }
  await call.store.transact(({ db }) => db.insertInto('uploads').values(row).execute())
  const headers =
    named === null ? {} : { 'x-amz-checksum-algorithm': named.toUpperCase(), 'x-amz-checksum-type': typeOf(row) }
  return xmlAnswer(['InitiateMultipartUploadResult', ...placeOf(call), ['UploadId', row.id]], headers)
}

export async function uploadPart(call: Call): Promise<Answer> {
  await requireWritable(call, 's3:PutObject')
  const number = partNumber(call)
  const upload = await call.store.read((tx) => findUpload(tx, uploadId(call), call))
  const algorithms = new Set([...call.payload.algorithms, ...algorithmOf(upload)])
  const received = await call.blobs.receive(call.payload.bytes(), [...algorithms])
  await keepOrRemove(call, received, () => {
    call.payload.compare(received.md5, received.checksums)
    return storePart(call, received, number)
  })
  return empty(200, { etag: `"${received.md5}"`, ...withoutType(checksumHeaders(received.checksums)) })
}

export async function uploadPartCopy(call: Call): Promise<Answer> {
  await requireWritable(call, 's3:PutObject')
  const number = partNumber(call)
  const source = await requireCopySource(call)
  const range = copyRangeOf(call.header('x-amz-copy-source-range'), source.bytes)
  const { upload, blobs } = await call.store.read(async (tx) => ({
    upload: await findUpload(tx, uploadId(call), call),
    blobs: await blobsOf(tx, source.id),
  }))
  const received = await call.blobs.receive(await call.blobs.read(blobs, range.from, range.to), algorithmOf(upload))
  await keepOrRemove(call, received, () => storePart(call, received, number))
  const modified: Element = ['LastModified', call.clock.now().toISOString()]
  return xmlAnswer(['CopyPartResult', modified, ['ETag', `"${received.md5}"`], ...checksumElements(received.checksums)])
}

/** A part that is sent again takes the place of the former one. */
async function storePart(call: Call, received: Received, part: number): Promise<void> {
  const freed = await call.store.transact(async (tx) => {
    const { id } = await findUpload(tx, uploadId(call), call)
    const ids = await dropBlobs(tx, id, part)
    await putBlob(tx, received, { ownerId: id, part, now: call.clock.now() })
    return ids
  })
  await call.blobs.remove(freed)
}

/** Makes the parts named the object, without moving a byte: its files are theirs. */
export async function completeUpload(call: Call): Promise<Answer> {
  await requireWritable(call, 's3:PutObject')
  const wanted = readXml(await call.payload.text(), 'CompleteMultipartUpload').all('Part')
  if (wanted.length === 0 || wanted.length > mostParts) refuse('MalformedXML')
  const { row, freed } = await call.store.transact(async (tx) => {
    const upload = await findUpload(tx, uploadId(call), call)
    checkOverwrite(await findObject(tx, call.bucket, call.key), call.header)
    const parts = await blobsOf(tx, upload.id)
    const chosen = choose(wanted, parts)
    const row = objectOf(call, upload, chosen)
    const freed = await putObject(tx, row)
    const kept = new Set(chosen.map((it) => it.id))
    for (const { id } of chosen)
      await tx.db.updateTable('blobs').set({ ownerId: row.id }).where('id', '=', id).execute()
    await dropBlobs(tx, upload.id)
    await tx.db.deleteFrom('uploads').where('id', '=', upload.id).execute()
    return { row, freed: [...freed, ...parts.map((it) => it.id).filter((it) => !kept.has(it))] }
  })
  await call.blobs.remove(freed)
  const location: Element = ['Location', `${call.endpoint}/${call.bucket}/${encodeURI(call.key)}`]
  const checksums = JSON.parse(row.checksumsJson) as Checksums
  const place: Element[] = [location, ['Bucket', call.bucket], ['Key', call.key], ['ETag', `"${row.etag}"`]]
  return xmlAnswer(['CompleteMultipartUploadResult', ...place, ...checksumElements(checksums)])
}

/** The parts that the caller names, which must be as it says. */
function choose(wanted: readonly Read[], parts: readonly BlobRow[]): BlobRow[] {
  const byNumber = new Map(parts.map((it) => [it.part, it]))
  const numbers = wanted.map((it) => Number(it.value('PartNumber')))
  if (numbers.some((it, index) => !(it > (numbers[index - 1] ?? 0)))) refuse('InvalidPartOrder')
  return wanted.map((it, index) => {
    const number = numbers[index]!
    const part = byNumber.get(number)
    const etag = it.value('ETag')?.trim().replace(/^"|"$/g, '')
    if (!part || part.md5 !== etag) return refuse('InvalidPart', undefined, { PartNumber: String(number) })
    const checksums = JSON.parse(part.checksumsJson) as Checksums
    for (const [name, value] of Object.entries(checksums)) {
      const declared = it.value(elementOfChecksum(name as Algorithm))
      if (declared !== undefined && declared !== value) refuse('InvalidPart', undefined, { PartNumber: String(number) })
    }
    if (index < wanted.length - 1 && part.bytes < leastPartBytes)
      refuse('EntityTooSmall', undefined, { PartNumber: String(number), ProposedSize: String(part.bytes) })
    return part
  })
}

function objectOf(call: Call, upload: UploadRow, parts: readonly BlobRow[]): ObjectRow {
  const md5 = createHash('md5')
  for (const part of parts) md5.update(Buffer.from(part.md5, 'hex'))
  const { bucket, key, accountId, headersJson, aclJson } = upload
  return {
    ...{ bucket, key, accountId, headersJson, aclJson, id: hex(call.random, 32) },
    bytes: parts.reduce((sum, it) => sum + it.bytes, 0),
    etag: `${md5.digest('hex')}-${parts.length}`,
    partCount: parts.length,
    checksumsJson: JSON.stringify(checksumsOf(call, upload, parts)),
    createdAt: call.clock.now().getTime(),
  }
}

function checksumsOf(call: Call, upload: UploadRow, parts: readonly BlobRow[]): Checksums {
  const [algorithm] = algorithmOf(upload)
  if (!algorithm) return {}
  const pieces = parts.map((it) => ({
    bytes: it.bytes,
    checksum: (JSON.parse(it.checksumsJson) as Checksums)[algorithm] ?? '',
  }))
  const checksum = checksumOfParts(algorithm, pieces, upload.wholeChecksum === 1)
  const declared = declaredChecksums(call.header)[algorithm]
  if (declared !== undefined && declared !== checksum && upload.wholeChecksum === 1) refuse('BadDigest')
  return { [algorithm]: checksum }
}

export async function abortUpload(call: Call): Promise<Answer> {
  await requireWritable(call, 's3:AbortMultipartUpload')
  const freed = await call.store.transact(async (tx) => {
    const { id } = await findUpload(tx, uploadId(call), call)
    await tx.db.deleteFrom('uploads').where('id', '=', id).execute()
    return dropBlobs(tx, id)
  })
  await call.blobs.remove(freed)
  return empty(204)
}

export async function listParts(call: Call): Promise<Answer> {
  await requireWritable(call, 's3:ListMultipartUploadParts')
  const marker = Number(param(call, 'part-number-marker') ?? 0)
  const limit = maxKeys(call, 'max-parts')
  const { upload, parts } = await call.store.read(async (tx) => {
    const upload = await findUpload(tx, uploadId(call), call)
    return { upload, parts: (await blobsOf(tx, upload.id)).filter((it) => it.part > marker) }
  })
  const page = parts.slice(0, limit)
  return xmlAnswer([
    'ListPartsResult',
    ...placeOf(call),
    ['UploadId', upload.id],
    ownerElement(upload.accountId, 'Initiator'),
    ownerElement(upload.accountId),
    ['StorageClass', 'STANDARD'],
    ['PartNumberMarker', marker],
    ['NextPartNumberMarker', page.at(-1)?.part ?? marker],
    ['MaxParts', limit],
    ['IsTruncated', parts.length > page.length],
    ...page.map(partElement),
  ])
}

export async function listUploads(call: Call): Promise<Answer> {
  await requireBucket(call, 's3:ListBucketMultipartUploads', 'READ')
  const [prefix, marker] = [param(call, 'prefix') ?? '', param(call, 'key-marker') ?? '']
  const limit = maxKeys(call, 'max-uploads')
  const found = (await call.store.read((tx) => uploadsOf(tx, call.bucket))).filter(
    (it) => it.key.startsWith(prefix) && isBehind(it, marker, param(call, 'upload-id-marker')),
  )
  const page = found.slice(0, limit)
  const last = found.length > page.length ? page.at(-1) : undefined
  return xmlAnswer([
    'ListMultipartUploadsResult',
    ['Bucket', call.bucket],
    ['KeyMarker', encoded(call, marker)],
    ['UploadIdMarker', param(call, 'upload-id-marker') ?? ''],
    ...(last ? [['NextKeyMarker', encoded(call, last.key)] as const, ['NextUploadIdMarker', last.id] as const] : []),
    ['Prefix', encoded(call, prefix)],
    ['MaxUploads', limit],
    ['IsTruncated', last !== undefined],
    ...page.map((it) => uploadElement(call, it)),
  ])
}

function uploadsOf({ db }: Reader, bucket: string): Promise<UploadRow[]> {
  return db.selectFrom('uploads').selectAll().where('bucket', '=', bucket).orderBy('key').orderBy('id').execute()
}

function isBehind({ key, id }: UploadRow, marker: string, idMarker: string | undefined): boolean {
  const order = Buffer.compare(Buffer.from(key), Buffer.from(marker))
  return order > 0 || (order === 0 && idMarker !== undefined && id > idMarker)
}

function uploadElement(call: Call, { key, id, accountId, createdAt }: UploadRow): Element {
  const who = [ownerElement(accountId, 'Initiator'), ownerElement(accountId)]
  const when: Element = ['Initiated', new Date(createdAt).toISOString()]
  return ['Upload', ['Key', encoded(call, key)], ['UploadId', id], ...who, ['StorageClass', 'STANDARD'], when]
}

function partElement({ part, createdAt, md5, bytes, checksumsJson }: BlobRow): Element {
  const modified: Element = ['LastModified', new Date(createdAt).toISOString()]
  const checksums = checksumElements(JSON.parse(checksumsJson) as Checksums)
  return ['Part', ['PartNumber', part], modified, ['ETag', `"${md5}"`], ['Size', bytes], ...checksums]
}

const checksumElements = (checksums: Checksums): Element[] =>
  Object.entries(checksums).map(([name, value]) => [elementOfChecksum(name as Algorithm), value])

function withoutType({ 'x-amz-checksum-type': _, ...rest }: Record<string, string>): Record<string, string> {
  return rest
}

const placeOf = (call: Call): Element[] => [
  ['Bucket', call.bucket],
  ['Key', call.key],
]
const typeOf = (upload: UploadRow) => (upload.wholeChecksum === 1 ? 'FULL_OBJECT' : 'COMPOSITE')
const algorithmOf = ({ algorithm }: UploadRow): Algorithm[] => (algorithm === null ? [] : [algorithmNamed(algorithm)])
const uploadId = (call: Call) => param(call, 'uploadId') ?? ''

function partNumber(call: Call): number {
  const text = param(call, 'partNumber') ?? ''
  const number = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (number < 1 || number > mostParts)
    refuse('InvalidArgument', 'Part number must be an integer between 1 and 10000, inclusive')
  return number
}
