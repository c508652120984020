/** What is in a bucket, by pages. Source: Amazon S3 API Reference, ListObjects, ListObjectsV2, ListObjectVersions. */
import { percentEncode } from '../../iam/percent.ts'
import type { Reader } from '../../store/store.ts'
import type { ObjectRow } from '../../store/tables/objects.ts'
import { ownerElement } from '../acl.ts'
import { type Call, param, requireBucket, xmlAnswer } from '../call.ts'
import { refuse } from '../errors.ts'
import type { Answer } from '../exchange.ts'
import type { Element } from '../xml.ts'

type Listed = Pick<ObjectRow, 'key' | 'bytes' | 'etag' | 'accountId' | 'createdAt' | 'checksumsJson'>

interface Page {
  /** Objects, and prefixes that stand for all that begins with them, in the order of their names. */
  readonly items: readonly (Listed | string)[]
  /** What the last of them is called, if more follows. */
  readonly next: string | undefined
}

const largestPage = 1000

export async function listObjects(call: Call): Promise<Answer> {
  await requireBucket(call, 's3:ListBucket', 'READ')
  const marker = param(call, 'marker')
  const page = await readPage(call, marker)
  return xmlAnswer([
    'ListBucketResult',
    ...echoed(call),
    ['Marker', encoded(call, marker ?? '')],
    ['MaxKeys', maxKeys(call)],
    ['IsTruncated', page.next !== undefined],
    ...(page.next !== undefined ? [['NextMarker', encoded(call, page.next)] as const] : []),
    ...page.items.map((it) => itemElement(call, it, true)),
  ])
}

export async function listObjectsV2(call: Call): Promise<Answer> {
  await requireBucket(call, 's3:ListBucket', 'READ')
  const token = param(call, 'continuation-token')
  const startAfter = param(call, 'start-after')
  const page = await readPage(call, token === undefined ? startAfter : tokenText(token))
  return xmlAnswer([
    'ListBucketResult',
    ...echoed(call),
    ...(startAfter !== undefined ? [['StartAfter', encoded(call, startAfter)] as const] : []),
    ...(token !== undefined ? [['ContinuationToken', token] as const] : []),
    ['KeyCount', page.items.length],
    ['MaxKeys', maxKeys(call)],
    ['IsTruncated', page.next !== undefined],
    ...(page.next !== undefined ? [['NextContinuationToken', tokenOf(page.next)] as const] : []),
    ...page.items.map((it) => itemElement(call, it, param(call, 'fetch-owner') === 'true')),
  ])
}

/** Nothing here has more than one version: it is called `null`. */
export async function listVersions(call: Call): Promise<Answer> {
  await requireBucket(call, 's3:ListBucketVersions', 'READ')
  const marker = param(call, 'key-marker')
  const page = await readPage(call, marker)
  return xmlAnswer([
    'ListVersionsResult',
    ...echoed(call),
    ['KeyMarker', encoded(call, marker ?? '')],
    ['VersionIdMarker', param(call, 'version-id-marker') ?? ''],
    ['MaxKeys', maxKeys(call)],
    ['IsTruncated', page.next !== undefined],
    ...(page.next !== undefined
      ? [['NextKeyMarker', encoded(call, page.next)] as const, ['NextVersionIdMarker', 'null'] as const]
      : []),
    ...page.items.map((it) => versionElement(call, it)),
  ])
}

/**
 * A page from behind `marker`. A prefix that ends at the delimiter counts as one item; the database is asked again behind it, so
 * that a million keys under it cost nothing.
 */
async function readPage(call: Call, marker: string | undefined): Promise<Page> {
  const [prefix, delimiter] = [param(call, 'prefix') ?? '', param(call, 'delimiter') ?? '']
  const limit = maxKeys(call)
  if (limit === 0) return { items: [], next: undefined }
  const items: (Listed | string)[] = []
  const group = groupOf(marker ?? '', prefix, delimiter)
  let after = group === undefined || group !== marker ? marker : behind(group)
  return await call.store.read(async (reader) => {
    for (;;) {
      const rows = await rowsAfter(reader, call.bucket, { prefix, after, limit: limit + 1 - items.length })
      let jumped = false
      for (const row of rows) {
        if (!row.key.startsWith(prefix)) return { items, next: undefined }
        if (items.length === limit) return { items, next: nameOf(items.at(-1)) }
        const common = groupOf(row.key, prefix, delimiter)
        if (common === undefined) items.push(row)
        else if (items.at(-1) !== common && common !== marker) items.push(common)
        if (common !== undefined) {
          after = behind(common)
          jumped = true
          break
        }
      }
      if (!jumped) return { items, next: undefined }
    }
  })
}

function rowsAfter(
  { db }: Reader,
  bucket: string,
  { prefix, after, limit }: { prefix: string; after: string | undefined; limit: number },
): Promise<Listed[]> {
  let query = db
    .selectFrom('objects')
    .select(['key', 'bytes', 'etag', 'accountId', 'createdAt', 'checksumsJson'])
    .where('bucket', '=', bucket)
    .where('key', '>=', prefix)
  if (after !== undefined) query = query.where('key', '>', after)
  return query.orderBy('key').limit(limit).execute()
}

/** The prefix that this key is listed under: up to the first delimiter behind `prefix`. */
function groupOf(key: string, prefix: string, delimiter: string): string | undefined {
  if (delimiter === '' || !key.startsWith(prefix)) return undefined
  const at = key.indexOf(delimiter, prefix.length)
  return at < 0 ? undefined : key.slice(0, at + delimiter.length)
}

/** A text that comes behind all texts with this prefix, but for some that nobody writes. */
const behind = (prefix: string) => `${prefix}\u{10ffff}`

const nameOf = (item: Listed | string | undefined) => (typeof item === 'string' ? item : item?.key)

export function maxKeys(call: Call, name = 'max-keys'): number {
  const text = param(call, name)
  if (text === undefined) return largestPage
  if (!/^\d{1,10}$/.test(text) || Number(text) > 2 ** 31)
    refuse('InvalidArgument', `Provided ${name} not an integer or within integer range`)
  return Math.min(Number(text), largestPage)
}

function echoed(call: Call): Element[] {
  const delimiter = param(call, 'delimiter')
  const encoding = param(call, 'encoding-type')
  return [
    ['Name', call.bucket],
    ['Prefix', encoded(call, param(call, 'prefix') ?? '')],
    ...(delimiter ? [['Delimiter', encoded(call, delimiter)] as const] : []),
    ...(encoding ? [['EncodingType', encoding] as const] : []),
  ]
}

/** Names as the caller can read them: XML cannot carry all that a key may have. */
export function encoded(call: Call, name: string): string {
  const encoding = param(call, 'encoding-type')
  if (encoding !== undefined && encoding !== 'url')
    refuse('InvalidArgument', 'Invalid Encoding Method specified in Request')
  return encoding === undefined ? name : percentEncode(name).replaceAll('%2F', '/')
}

function itemElement(call: Call, item: Listed | string, withOwner: boolean): Element {
  if (typeof item === 'string') return ['CommonPrefixes', ['Prefix', encoded(call, item)]]
  return [
    'Contents',
    ['Key', encoded(call, item.key)],
    ...properties(item),
    ...(withOwner ? [ownerElement(item.accountId)] : []),
  ]
}

function versionElement(call: Call, item: Listed | string): Element {
  if (typeof item === 'string') return itemElement(call, item, false)
  const version: Element[] = [
    ['Key', encoded(call, item.key)],
    ['VersionId', 'null'],
    ['IsLatest', true],
  ]
  return ['Version', ...version, ...properties(item), ownerElement(item.accountId)]
}

function properties({ createdAt, etag, bytes, checksumsJson }: Listed): Element[] {
  const algorithms = Object.keys(JSON.parse(checksumsJson) as object)
  return [
    ['LastModified', new Date(createdAt).toISOString()],
    ['ETag', `"${etag}"`],
    ...algorithms.map((it): Element => ['ChecksumAlgorithm', it.toUpperCase()]),
    ['Size', bytes],
    ['StorageClass', 'STANDARD'],
  ]
}

const tokenOf = (name: string) => Buffer.from(name).toString('base64url')

function tokenText(token: string): string {
  const text = Buffer.from(token, 'base64url').toString()
  return token !== '' && tokenOf(text) === token
    ? text
    : refuse('InvalidArgument', 'The continuation token provided is incorrect')
}
