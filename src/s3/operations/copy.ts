/** Copies of objects, and of parts out of objects. Source: Amazon S3 API Reference, CopyObject, UploadPartCopy. */
import type { ObjectRow } from '../../store/tables/objects.ts'
import { grantsOfHeaders } from '../acl.ts'
import { type Call, requireAccount, requireObject, requireWritable, xmlAnswer } from '../call.ts'
import { type Algorithm, algorithmNamed, elementOfChecksum } from '../checksums.ts'
import { checkCopySource } from '../conditions.ts'
import { refuse } from '../errors.ts'
import type { Answer } from '../exchange.ts'
import { headersToKeep, type ObjectHeaders } from '../object-headers.ts'
import { blobsOf } from '../rows.ts'
import { checkBucketName, decoded } from '../target.ts'
import { keepOrRemove, storeObject } from './objects.ts'

export async function copyObject(call: Call): Promise<Answer> {
  const owner = requireAccount(call)
  const bucket = await requireWritable(call, 's3:PutObject')
  const source = await requireCopySource(call)
  const headers = headersOfCopy(call, source)
  const grants = grantsOfHeaders(call.header, bucket.accountId) ?? []
  const blobs = await call.store.read((tx) => blobsOf(tx, source.id))
  const content = await call.blobs.read(blobs, 0, source.bytes)
  const received = await call.blobs.receive(content, algorithmsOf(call, source))
  const row = await keepOrRemove(call, received, () => storeObject(call, received, { headers, grants, owner }))
  return xmlAnswer([
    'CopyObjectResult',
    ['LastModified', new Date(row.createdAt).toISOString()],
    ['ETag', `"${row.etag}"`],
    ...Object.entries(received.checksums).map(([name, it]) => [elementOfChecksum(name as Algorithm), it] as const),
  ])
}

/** The object that `x-amz-copy-source` names, if the caller may read it and it meets the request's conditions. */
export async function requireCopySource(call: Call): Promise<ObjectRow> {
  const [path = '', version] = (call.header('x-amz-copy-source') ?? '').replace(/^\//, '').split('?versionId=')
  const [, bucket, key] = /^([^/]+)\/(.+)$/s.exec(decoded(path)) ?? []
  if (bucket === undefined || key === undefined)
    return refuse('InvalidArgument', 'Copy Source must mention the source bucket and key: sourcebucket/sourcekey')
  if (version !== undefined && version !== 'null') refuse('NoSuchVersion')
  checkBucketName(bucket)
  const { object } = await requireObject(call, 's3:GetObject', 'READ', { bucket, key })
  checkCopySource(object, call.header)
  return object
}

function headersOfCopy(call: Call, source: ObjectRow): ObjectHeaders {
  const directive = call.header('x-amz-metadata-directive') ?? 'COPY'
  if (directive !== 'COPY' && directive !== 'REPLACE') refuse('InvalidArgument', 'Unknown metadata directive.')
  const own = headersToKeep(call.headers)
  if (directive === 'REPLACE') return own
  if (source.bucket === call.bucket && source.key === call.key)
    refuse(
      'InvalidRequest',
      "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
    )
  return JSON.parse(source.headersJson) as ObjectHeaders
}

function algorithmsOf(call: Call, source: ObjectRow): Algorithm[] {
  const named = call.header('x-amz-checksum-algorithm')
  return named === undefined
    ? (Object.keys(JSON.parse(source.checksumsJson) as object) as Algorithm[])
    : [algorithmNamed(named)]
}
