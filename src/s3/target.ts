/** Which bucket and key a request names: in its path, or the bucket in its Host. Source: Amazon S3 User Guide, "Virtual hosting of buckets". */
import { isIP } from 'node:net'
import { headerOf } from '../iam/http-request.ts'
import { refuse } from './errors.ts'
import type { RequestHead } from './exchange.ts'

export interface Target {
  /** Empty: the service itself. */
  readonly bucket: string
  /** Empty: the bucket itself. */
  readonly key: string
  /** The bucket where the Host header named it, else empty. */
  readonly hostBucket: string
}

/** The paths that Eucalyptus gave its object store. Source: Eucalyptus 4 Administration Guide, eucarc. */
const prefix = /^\/services\/(?:objectstorage|walrus)(?=\/|$)/i

/** Source: Amazon S3 User Guide, "Object key names": 1,024 bytes. */
const longestKey = 1024

export function targetOf(head: Pick<RequestHead, 'path' | 'headers'>): Target {
  const path = head.path.replace(prefix, '').replace(/^\//, '')
  const hostBucket = bucketOfHost(headerOf(head, 'host') ?? '')
  const [, first = '', rest = ''] = /^([^/]*)\/?(.*)$/s.exec(path) ?? []
  const bucket = hostBucket || decoded(first)
  const key = decoded(hostBucket ? path : rest)
  if (bucket !== '') checkBucketName(bucket)
  if (Buffer.byteLength(key) > longestKey) refuse('KeyTooLongError')
  return { bucket, key, hostBucket }
}

/** `BUCKET.s3.REGION.amazonaws.com`, `BUCKET.s3.localhost`, `BUCKET.localhost`; empty where the host names none. */
export function bucketOfHost(host: string): string {
  const name = host.replace(/:\d+$/, '').toLowerCase()
  if (isIP(name) !== 0) return ''
  const [, bucket] =
    /^(.+)\.(?:s3|s3-[\w-]+|objectstorage)(?:\..+)?$/.exec(name) ?? /^((?!s3\.|s3$|s3-).+)\.localhost$/.exec(name) ?? []
  return bucket === undefined || /^(?:s3|objectstorage)$/.test(bucket) ? '' : bucket
}

/** Source: Amazon S3 User Guide, "Bucket naming rules"; capitals and underscores as buckets of before 2018 have them. */
export function checkBucketName(name: string): void {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]$/.test(name) || name.includes('..') || isIP(name) !== 0)
    refuse('InvalidBucketName', undefined, { BucketName: name.slice(0, 255) })
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Percent-decoded, as UTF-8. A plus sign is a plus sign. */
export function decoded(bytes: string): string {
  if (/%(?![0-9a-fA-F]{2})/.test(bytes)) refuse('InvalidURI')
  const plain = bytes.replace(/%(..)/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)))
  if (plain.includes('\0')) refuse('InvalidURI')
  try {
    return utf8.decode(Buffer.from(plain, 'latin1'))
  } catch {
    return refuse('InvalidURI') // Not UTF-8: what the caller sent.
  }
}

/**
 * Whether a request at an endpoint that all services share is for the object store: by its path, its Host, how it is signed, or
 * because it asks what no other service is asked.
 */
export function isForObjects(head: Pick<RequestHead, 'method' | 'path' | 'query' | 'headers'>): boolean {
  if (prefix.test(head.path) || bucketOfHost(headerOf(head, 'host') ?? '') !== '') return true
  const authorization = headerOf(head, 'authorization') ?? ''
  if (authorization.startsWith('AWS ') || /Credential=[^,\s]+\/s3\/aws4_request/.test(authorization)) return true
  if (/(?:^|&)X-Amz-Credential=[^&]*(?:%2F|\/)s3(?:%2F|\/)aws4_request/i.test(head.query)) return true
  if (!/^(?:GET|HEAD|POST)$/.test(head.method)) return true
  const isElsewhere = head.path === '/' || /^\/(?:services|cumulet|console|metrics)(?:\/|$)/i.test(head.path)
  if (isElsewhere || authorization !== '' || /(?:^|&)Action=/.test(head.query)) return false
  return head.method !== 'POST' || /^multipart\/form-data/i.test(headerOf(head, 'content-type') ?? '')
}
