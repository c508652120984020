/** Objects: put, get, look at, delete. Source: Amazon S3 API Reference, the operations of these names. */
import { hex } from '../../base/random.ts'
import type { AccountId } from '../../model/ids.ts'
import type { ObjectRow } from '../../store/tables/objects.ts'
import { type Grant, grantsOfHeaders } from '../acl.ts'
import type { Received } from '../blobs.ts'
import { type Call, empty, param, requireObject, requireWritable } from '../call.ts'
import type { Checksums } from '../checksums.ts'
import { checkOverwrite, isUnchanged } from '../conditions.ts'
import { refuse } from '../errors.ts'
import type { Answer } from '../exchange.ts'
import { checksumHeaders, headersToGive, headersToKeep, type ObjectHeaders } from '../object-headers.ts'
import { rangeOf } from '../range.ts'
import { blobsOf, dropObject, findObject, putBlob, putObject } from '../rows.ts'

/** Accounts write; so does anyone where the bucket is open to all, and what they wrote is the bucket owner's. */
export async function putObjectOperation(call: Call): Promise<Answer> {
  const bucket = await requireWritable(call, 's3:PutObject')
  if (call.header('content-length') === undefined && call.header('transfer-encoding') === undefined)
    refuse('MissingContentLength')
  const headers = headersToKeep(call.headers)
  const grants = grantsOfHeaders(call.header, bucket.accountId) ?? []
  const existing = await call.store.read((tx) => findObject(tx, call.bucket, call.key))
  checkOverwrite(existing, call.header) // Once more below: this one spares the client the sending.
  const received = await call.blobs.receive(call.payload.bytes(), call.payload.algorithms)
  await keepOrRemove(call, received, () => {
    call.payload.compare(received.md5, received.checksums)
    return storeObject(call, received, { headers, grants, owner: call.caller?.account ?? bucket.accountId })
  })
  return empty(200, { etag: `"${received.md5}"`, ...checksumHeaders(received.checksums) })
}

export interface NewObject {
  readonly headers: ObjectHeaders
  readonly grants: readonly Grant[]
  readonly owner: AccountId
}

/** Makes a received file the object at the call's place, in one transaction; the former one's files go afterwards. */
export async function storeObject(call: Call, received: Received, made: NewObject): Promise<ObjectRow> {
  const now = call.clock.now()
  const row: ObjectRow = {
    ...{ bucket: call.bucket, key: call.key, id: hex(call.random, 32), accountId: made.owner },
    ...{ bytes: received.bytes, etag: received.md5, partCount: 0, createdAt: now.getTime() },
    headersJson: JSON.stringify(made.headers),
    checksumsJson: JSON.stringify(received.checksums),
    aclJson: JSON.stringify(made.grants),
  }
  const freed = await call.store.transact(async (tx) => {
    checkOverwrite(await findObject(tx, call.bucket, call.key), call.header)
    const ids = await putObject(tx, row)
    await putBlob(tx, received, { ownerId: row.id, part: 1, now })
    return ids
  })
  await call.blobs.remove(freed)
  return row
}

/** Removes the received file where `keep` fails. */
export async function keepOrRemove<T>(call: Call, received: Received, keep: () => Promise<T>): Promise<T> {
  try {
    return await keep()
  } catch (error) {
    await call.blobs.remove([received.id])
    throw error
  }
}

export async function getObject(call: Call): Promise<Answer> {
  const { object } = await requireObject(call, 's3:GetObject', 'READ')
  const headers = headersToGive(call, object)
  if (isUnchanged(object, call.header)) return empty(304, headers)
  const blobs = await call.store.read((tx) => blobsOf(tx, object.id))
  const { from, to, status, more } = partOf(call, object, blobs)
  const length = String(to - from)
  const answer = { status, headers: { ...headers, ...sums(call, object, status), ...more, 'content-length': length } }
  if (call.method === 'HEAD') return { ...answer, body: '' }
  return { ...answer, body: await call.blobs.read(blobs, from, to) }
}

/** A checksum is of the whole: beside a part of it clients would take it for the part's. */
function sums(call: Call, object: ObjectRow, status: number): Record<string, string> {
  if (status !== 200 || call.header('x-amz-checksum-mode') !== 'ENABLED') return {}
  return checksumHeaders(JSON.parse(object.checksumsJson) as Checksums)
}

interface Part {
  readonly from: number
  readonly to: number
  readonly status: number
  readonly more: Readonly<Record<string, string>>
}

/** Which bytes are asked for: a range, one of the parts, or all. */
function partOf(call: Call, object: ObjectRow, blobs: readonly { bytes: number }[]): Part {
  const number = param(call, 'partNumber')
  const ranged = number === undefined ? rangeOf(call.header('range'), object.bytes) : rangeOfPart(number, blobs)
  if (!ranged) return { from: 0, to: object.bytes, status: 200, more: {} }
  const more = {
    'content-range': `bytes ${ranged.from}-${Math.max(ranged.to - 1, 0)}/${object.bytes}`,
    ...(number !== undefined && object.partCount > 0 && { 'x-amz-mp-parts-count': String(object.partCount) }),
  }
  return { ...ranged, status: 206, more }
}

function rangeOfPart(number: string, blobs: readonly { bytes: number }[]) {
  const index = /^\d{1,5}$/.test(number) ? Number(number) - 1 : -1
  const part = blobs[index] ?? refuse('InvalidArgument', 'The requested partnumber is not satisfiable')
  const from = blobs.slice(0, index).reduce((sum, it) => sum + it.bytes, 0)
  return { from, to: from + part.bytes }
}

/** An object that is not there is deleted all the same. */
export async function deleteObject(call: Call): Promise<Answer> {
  checkVersion(call)
  await requireWritable(call, 's3:DeleteObject')
  const freed = await call.store.transact(async (tx) => {
    const object = await findObject(tx, call.bucket, call.key)
    if (object) checkOverwrite(object, (name) => (name === 'if-match' ? call.header(name) : undefined))
    return dropObject(tx, call.bucket, call.key)
  })
  await call.blobs.remove(freed)
  return empty(204)
}

/** There is one version of everything: `null`. */
export function checkVersion(call: Call): void {
  const version = param(call, 'versionId')
  if (version !== undefined && version !== 'null' && version !== '') refuse('NoSuchVersion')
}
