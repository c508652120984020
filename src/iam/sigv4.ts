import { createHash, createHmac } from 'node:crypto'
import type { CredentialScope } from './api-request.ts'
import type { HttpRequest } from './http-request.ts'
import type { Params } from './params.ts'
import { percentEncode, percentEncodePath } from './percent.ts'

export const algorithm = 'AWS4-HMAC-SHA256'
export const unsignedPayload = 'UNSIGNED-PAYLOAD'

/** What of a request a SigV4 signature covers, once all choices are made. */
export interface Canonical {
  readonly method: string
  /** From `signedPaths`. */
  readonly path: string
  /** Of the query string, without X-Amz-Signature. */
  readonly query: Params
  readonly signedHeaders: readonly string[]
  readonly headers: HttpRequest['headers']
  readonly host: string
  readonly payloadHash: string
}

/** The canonical request, one byte a character. Source: IAM User Guide, "Create a signed AWS API request", step 1. */
export function canonicalRequest(it: Canonical): string {
  const lines = it.signedHeaders.map((name) => `${name}:${headerValue(it, name)}\n`)
  return [
    it.method,
    it.path,
    canonicalQuery(it.query),
    lines.join(''),
    it.signedHeaders.join(';'),
    it.payloadHash,
  ].join('\n')
}

/** Names and values percent-encoded, sorted by name, then value: what SigV4 and SigV2 both sign. */
export function canonicalQuery(params: Params): string {
  return params
    .map(([name, value]) => [percentEncode(name), percentEncode(value)] as const)
    .sort(([a, x], [b, y]) => byteOrder(a, b) || byteOrder(x, y))
    .map(([name, value]) => `${name}=${value}`)
    .join('&')
}

/** Source: IAM User Guide, "Create a signed AWS API request", step 3. */
export function stringToSign(canonical: string, timestamp: string, scope: CredentialScope): string {
  return [algorithm, timestamp, scopeText(scope), sha256(Buffer.from(canonical, 'latin1'))].join('\n')
}

export function scopeText({ date, region, service }: CredentialScope): string {
  return `${date}/${region}/${service}/aws4_request`
}

/** Source: IAM User Guide, "Create a signed AWS API request", step 4. */
export function signingKey(secret: string, { date, region, service }: CredentialScope): Buffer {
  return [date, region, service, 'aws4_request'].reduce(
    (key, text) => createHmac('sha256', key).update(text).digest(),
    Buffer.from(`AWS4${secret}`),
  )
}

export function signatureV4(key: Buffer, text: string): string {
  return createHmac('sha256', key).update(text).digest('hex')
}

/**
 * The paths that a client may have signed: S3's as sent; the others' without `.`, `..` and doubled slashes, each segment
 * encoded once more, or (boto 2, clients that sign with a made-up service) as sent.
 * Source: IAM User Guide, "Create a signed AWS API request", canonical URI.
 */
export function signedPaths(path: string, service: string): string[] {
  if (service === 's3') return [path]
  return [...new Set([percentEncodePath(normalizePath(path)), path])]
}

/** Removes `.`, `..` and doubled slashes. Source: RFC 3986, 5.2.4. */
export function normalizePath(path: string): string {
  const kept: string[] = []
  for (const segment of path.split('/')) {
    if (segment === '..') kept.pop()
    else if (segment !== '' && segment !== '.') kept.push(segment)
  }
  const end = kept.length > 0 && /\/\.{0,2}$/.test(path) ? '/' : ''
  return `/${kept.join('/')}${end}`
}

export function sha256(bytes: Buffer | string): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function headerValue(it: Canonical, name: string): string {
  if (name === 'host') return it.host
  const values = it.headers.filter(([header]) => header === name).map(([, value]) => value)
  return values.map((value) => value.replace(/[ \t]+/g, ' ').trim()).join(',')
}

function byteOrder(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
