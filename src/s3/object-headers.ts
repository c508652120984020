/** The headers that an object keeps and gives back: what it is, and what its owner says of it. */
import type { ObjectRow } from '../store/tables/objects.ts'
import { type Call, param } from './call.ts'
import { type Algorithm, type Checksums, headerOfChecksum } from './checksums.ts'
import { refuse } from './errors.ts'

const kept = [
  ...['cache-control', 'content-disposition', 'content-encoding', 'content-language', 'content-type', 'expires'],
  'x-amz-website-redirect-location',
]

/** Source: Amazon S3 User Guide, "Working with object metadata": 2 KB. */
const largestMetadata = 2048

/** Headers that would change what is stored, or how, and are not served. */
const unserved = [
  ...['x-amz-server-side-encryption', 'x-amz-server-side-encryption-customer-algorithm', 'x-amz-tagging'],
  ...['x-amz-object-lock-mode', 'x-amz-object-lock-retain-until-date', 'x-amz-object-lock-legal-hold'],
  'x-amz-write-offset-bytes',
]

export type ObjectHeaders = Readonly<Record<string, string>>

/** The headers to keep, out of those of a request. */
export function headersToKeep(headers: readonly (readonly [string, string])[]): ObjectHeaders {
  for (const [name, value] of headers) {
    if (unserved.includes(name)) refuse('NotImplemented', undefined, { Header: name })
    if (name === 'x-amz-storage-class' && value !== 'STANDARD') refuse('InvalidStorageClass')
  }
  const found: Record<string, string> = {}
  for (const [name, value] of headers) {
    if (!kept.includes(name) && !name.startsWith('x-amz-meta-')) continue
    const clean = name === 'content-encoding' ? withoutChunked(value) : value
    if (clean === '' && name === 'content-encoding') continue
    found[name] = found[name] === undefined ? clean : `${found[name]},${clean}`
  }
  const own = Object.entries(found).filter(([name]) => name.startsWith('x-amz-meta-'))
  const size = own.reduce((sum, [name, value]) => sum + name.length - 'x-amz-meta-'.length + value.length, 0)
  if (size > largestMetadata) refuse('MetadataTooLarge')
  return found
}

/** How the body was sent is no property of the object. */
function withoutChunked(value: string): string {
  const codings = value.split(',').map((it) => it.trim())
  return codings.filter((it) => it !== 'aws-chunked' && it !== '').join(',')
}

const overrides = [
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'expires',
]

/** The headers of an answer that gives the object, or tells of it. */
export function headersToGive(call: Call, object: ObjectRow): Record<string, string> {
  return {
    'content-type': 'binary/octet-stream',
    ...(JSON.parse(object.headersJson) as ObjectHeaders),
    ...overridden(call),
    etag: `"${object.etag}"`,
    'last-modified': new Date(object.createdAt).toUTCString(),
    'accept-ranges': 'bytes',
  }
}

export function checksumHeaders(checksums: Checksums): Record<string, string> {
  const found = Object.entries(checksums).map(([name, value]) => [headerOfChecksum(name as Algorithm), value] as const)
  if (found.length === 0) return {}
  const type = found.some(([, value]) => /-\d+$/.test(value)) ? 'COMPOSITE' : 'FULL_OBJECT'
  return { ...Object.fromEntries(found), 'x-amz-checksum-type': type }
}

/** What a signer wants the answer to say instead. Source: Amazon S3 API Reference, GetObject, "Overriding response header values". */
function overridden(call: Call): Record<string, string> {
  const found = overrides.flatMap((name) => {
    const value = param(call, `response-${name}`)
    return value === undefined ? [] : [[name, printable(value)] as const]
  })
  if (found.length > 0 && !call.caller)
    refuse('InvalidRequest', 'Request specific response headers cannot be used for anonymous GET requests.')
  return Object.fromEntries(found)
}

function printable(value: string): string {
  if (/[^\t\x20-\x7e\x80-\xff]/.test(value)) refuse('InvalidArgument', 'A response header cannot have that value.')
  return value
}
