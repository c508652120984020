import type { CredentialScope } from './api-request.ts'
import { type HttpRequest, headerOf } from './http-request.ts'
import { type Params, parseParams } from './params.ts'
import { percentEncode } from './percent.ts'
import { signatureV2, stringToSignV2 } from './sigv2.ts'
import * as v4 from './sigv4.ts'
import { basicTime, isoTime } from './timestamps.ts'

/** What a client signs with. */
export interface Credentials {
  readonly accessKeyId: string
  readonly secret: string
  readonly sessionToken?: string
}

export interface SignOptions {
  readonly credentials: Credentials
  readonly region: string
  readonly service: string
  readonly at: Date
}

/** Signs with SigV4 in the header: gives back the request with X-Amz-Date, a session token if any, and Authorization. */
export function signV4(request: HttpRequest, options: SignOptions): HttpRequest {
  const { credentials } = options
  const token = credentials.sessionToken
  const added: HttpRequest['headers'] = [
    ['x-amz-date', basicTime(options.at)],
    ...(token === undefined ? [] : [['x-amz-security-token', token] as const]),
  ]
  const dated = { ...request, headers: [...request.headers, ...added] }
  const signedHeaders = [...new Set(dated.headers.map(([name]) => name))].sort()
  const signature = signatureOf(dated, options, signedHeaders)
  const authorization =
    `${v4.algorithm} Credential=${credentials.accessKeyId}/${v4.scopeText(scopeOf(options))}, ` +
    `SignedHeaders=${signedHeaders.join(';')}, Signature=${signature}`
  return { ...dated, headers: [...dated.headers, ['authorization', authorization]] }
}

/** Signs with SigV4 in the query string, valid for `validS` seconds; of the headers only Host is signed. */
export function presignV4(request: HttpRequest, options: SignOptions, validS: number): HttpRequest {
  const token = options.credentials.sessionToken
  const added: Params = [
    ['X-Amz-Algorithm', v4.algorithm],
    ['X-Amz-Credential', `${options.credentials.accessKeyId}/${v4.scopeText(scopeOf(options))}`],
    ['X-Amz-Date', basicTime(options.at)],
    ['X-Amz-Expires', String(validS)],
    ['X-Amz-SignedHeaders', 'host'],
    ...(token === undefined ? [] : [['X-Amz-Security-Token', token] as const]),
  ]
  const dated = { ...request, query: formEncode([...parseParams(request.query), ...added]) }
  return { ...dated, query: `${dated.query}&X-Amz-Signature=${signatureOf(dated, options, ['host'])}` }
}

/** Signs parameters with SigV2: gives them back with the signature's own. `host` as the client would sign it. */
export function signV2(
  params: Params,
  target: { method: string; host: string; path: string },
  options: { credentials: Credentials; hash: 'sha1' | 'sha256'; at: Date } | ExpiringV2,
): Params {
  const { credentials, hash } = options
  const signed: Params = [
    ...params,
    ['AWSAccessKeyId', credentials.accessKeyId],
    ['SignatureVersion', '2'],
    ['SignatureMethod', hash === 'sha1' ? 'HmacSHA1' : 'HmacSHA256'],
    'expires' in options ? ['Expires', isoTime(options.expires)] : ['Timestamp', isoTime(options.at)],
    ...(credentials.sessionToken === undefined ? [] : [['SecurityToken', credentials.sessionToken] as const]),
  ]
  const text = stringToSignV2(target.method, target.host, target.path, signed)
  return [...signed, ['Signature', signatureV2(credentials.secret, hash, text)]]
}

interface ExpiringV2 {
  readonly credentials: Credentials
  readonly hash: 'sha1' | 'sha256'
  readonly expires: Date
}

/** A form body or query string. */
export function formEncode(params: Params): string {
  return params.map(([name, value]) => `${percentEncode(name)}=${percentEncode(value)}`).join('&')
}

function signatureOf(request: HttpRequest, options: SignOptions, signedHeaders: readonly string[]): string {
  const scope = scopeOf(options)
  const canonical = v4.canonicalRequest({
    ...{ method: request.method, headers: request.headers, signedHeaders },
    path: v4.signedPaths(request.path, scope.service)[0] ?? request.path,
    query: parseParams(request.query),
    host: headerOf(request, 'host') ?? '',
    payloadHash: headerOf(request, 'x-amz-content-sha256') ?? v4.sha256(request.body),
  })
  const key = v4.signingKey(options.credentials.secret, scope)
  return v4.signatureV4(key, v4.stringToSign(canonical, basicTime(options.at), scope))
}

function scopeOf({ region, service, at }: SignOptions): CredentialScope {
  return { date: basicTime(at).slice(0, 8), region, service }
}
