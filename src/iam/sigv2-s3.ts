/** Signature version 2 as S3 has it: of the method, some headers and the resource, by HMAC-SHA1. Source: Amazon S3 User Guide, "Signing and authenticating REST requests". */
import { type HttpRequest, headerOf } from './http-request.ts'
import { type Params, paramOf } from './params.ts'
import { parseHttpTime } from './timestamps.ts'

/** What a request says about its own signature of this kind. Nothing of it is proven. */
export interface ClaimV2S3 {
  readonly accessKeyId: string
  /** Base 64. */
  readonly signature: string
  readonly sessionToken?: string
  /** Of a header: when it was signed. Of a presigned URL: until when it may be used. One of the two is there. */
  readonly signedAt?: Date
  readonly expires?: Date
  /** The date as it was signed. */
  readonly dateText: string
}

/** The claim in the header (`AWS KEY:SIGNATURE`) or the query string; `undefined` where there is none, `malformed` where it is no whole one. */
export function readClaimV2S3(
  request: Pick<HttpRequest, 'headers'>,
  query: Params,
): ClaimV2S3 | 'malformed' | undefined {
  const authorization = headerOf(request, 'authorization')
  if (authorization?.startsWith('AWS ')) return headerClaim(request, authorization)
  const accessKeyId = paramOf(query, 'AWSAccessKeyId')
  const signature = paramOf(query, 'Signature')
  if (accessKeyId === undefined || signature === undefined || paramOf(query, 'SignatureVersion') !== undefined) return
  const dateText = paramOf(query, 'Expires') ?? ''
  if (!/^\d{1,12}$/.test(dateText)) return 'malformed'
  const sessionToken = paramOf(query, 'x-amz-security-token') ?? headerOf(request, 'x-amz-security-token')
  const expires = new Date(Number(dateText) * 1000)
  // Some clients leave the plus sign as it is.
  return { accessKeyId, signature: signature.replaceAll(' ', '+'), expires, dateText, ...tokenOf(sessionToken) }
}

function headerClaim(request: Pick<HttpRequest, 'headers'>, authorization: string): ClaimV2S3 | 'malformed' {
  const [, accessKeyId, signature] = /^AWS ([^:\s]{1,128}):(\S+)$/.exec(authorization) ?? []
  const amzDate = headerOf(request, 'x-amz-date')
  const date = headerOf(request, 'date')
  const signedAt = parseHttpTime((amzDate ?? date)?.replace(/ -0000$| \+0000$/, ' GMT'))
  if (!accessKeyId || !signature || !signedAt) return 'malformed'
  // A date among the x-amz- headers is signed there; the line of the other one is then empty.
  const dateText = amzDate === undefined ? (date ?? '') : ''
  return { accessKeyId, signature, signedAt, dateText, ...tokenOf(headerOf(request, 'x-amz-security-token')) }
}

const tokenOf = (sessionToken: string | undefined) => (sessionToken === undefined ? {} : { sessionToken })

/** The text that is signed. `bucket` as the Host header named it, before the path; empty in path style. */
export function stringToSignV2S3(
  request: Pick<HttpRequest, 'method' | 'path' | 'headers'>,
  { query, dateText, bucket }: { query: Params; dateText: string; bucket: string },
): string {
  const line = (name: string) => headerOf(request, name) ?? ''
  const resource = `${bucket && `/${bucket}`}${request.path}${subresources(query)}`
  return [request.method, line('content-md5'), line('content-type'), dateText, amzHeaders(request) + resource].join(
    '\n',
  )
}

function amzHeaders(request: Pick<HttpRequest, 'headers'>): string {
  const names = new Set(request.headers.map(([name]) => name).filter((it) => it.startsWith('x-amz-')))
  return [...names]
    .sort()
    .map((name) => `${name}:${(headerOf(request, name) ?? '').replace(/\s+/g, ' ').trim()}\n`)
    .join('')
}

/** Parameters that are part of what is asked, and so signed. */
const signed = new Set([
  ...['accelerate', 'acl', 'analytics', 'cors', 'defaultObjectAcl', 'delete', 'encryption', 'intelligent-tiering'],
  ...['inventory', 'lifecycle', 'location', 'logging', 'metrics', 'notification', 'object-lock', 'ownershipControls'],
  ...[
    'partNumber',
    'policy',
    'policyStatus',
    'publicAccessBlock',
    'replication',
    'requestPayment',
    'restore',
    'select',
  ],
  ...[
    'select-type',
    'storageClass',
    'tagging',
    'torrent',
    'uploadId',
    'uploads',
    'versionId',
    'versioning',
    'versions',
  ],
  ...['website', 'response-cache-control', 'response-content-disposition', 'response-content-encoding'],
  ...['response-content-language', 'response-content-type', 'response-expires'],
])

function subresources(query: Params): string {
  const found = query
    .filter(([name]) => signed.has(name))
    .map(([name, value]) => (value === '' ? name : `${name}=${value}`))
    .sort()
  return found.length > 0 ? `?${found.join('&')}` : ''
}
