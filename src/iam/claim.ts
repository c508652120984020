import type { CredentialScope } from './api-request.ts'
import { type HttpRequest, headerOf } from './http-request.ts'
import { type Params, paramOf } from './params.ts'
import { algorithm } from './sigv4.ts'
import { parseBasicTime, parseHttpTime, parseIsoTime } from './timestamps.ts'

/** What a request says about its own signature. Nothing of it is proven. */
export type Claim = ClaimV4 | ClaimV2 | Malformed | { readonly scheme: 'none' }

export interface ClaimV4 {
  readonly scheme: 'sigv4' | 'sigv4-presigned'
  readonly accessKeyId: string
  readonly sessionToken?: string
  readonly scope: CredentialScope
  readonly signedHeaders: readonly string[]
  readonly signature: string
  readonly signedAt: Date
  /** Of a presigned request: how long after `signedAt` it may be used. */
  readonly validS?: number
  /** What the client says is the hash of the body. */
  readonly payload?: string
}

export interface ClaimV2 {
  readonly scheme: 'sigv2'
  readonly accessKeyId: string
  readonly sessionToken?: string
  readonly hash: 'sha1' | 'sha256'
  readonly signature: string
  /** One of the two is there. */
  readonly signedAt?: Date
  readonly expires?: Date
}

/** Looks like a signature of this scheme but is none: `why` is for the log. */
export interface Malformed {
  readonly scheme: 'malformed'
  readonly of: 'sigv4' | 'sigv2'
  readonly why: string
}

/** Parameters that belong to a signature, not to the action. Source: EC2 API Reference, "Common query parameters". */
export const signatureParams = {
  sigv4: [],
  'sigv4-presigned': [
    'X-Amz-Algorithm',
    'X-Amz-Credential',
    'X-Amz-Date',
    'X-Amz-Expires',
    'X-Amz-SignedHeaders',
    'X-Amz-Signature',
    'X-Amz-Security-Token',
    'X-Amz-Content-Sha256',
  ],
  sigv2: [
    'AWSAccessKeyId',
    'Signature',
    'SignatureMethod',
    'SignatureVersion',
    'Timestamp',
    'Expires',
    'SecurityToken',
  ],
} as const satisfies Record<'sigv4' | 'sigv4-presigned' | 'sigv2', readonly string[]>

/** Source: IAM User Guide, "Elements of an AWS API request signature": seven days. */
const longestValidS = 604_800

/** Reads what a request says about its signature: a SigV4 header, else a presigned query string, else SigV2. */
export function readClaim(request: HttpRequest, query: Params, params: Params): Claim {
  const authorization = headerOf(request, 'authorization')
  if (authorization !== undefined) return headerClaim(request, authorization)
  if (paramOf(query, 'X-Amz-Algorithm') !== undefined) return presignedClaim(request, query)
  if (paramOf(params, 'AWSAccessKeyId') !== undefined || paramOf(params, 'Signature') !== undefined)
    return claimV2(request, params)
  return { scheme: 'none' }
}

function headerClaim(request: HttpRequest, authorization: string): Claim {
  const [, name, rest] = /^(\S+)\s+(.*)$/s.exec(authorization) ?? []
  if (name !== algorithm || rest === undefined) return malformed('sigv4', 'Authorization of another scheme')
  const fields = new Map(rest.split(',').map(fieldOf))
  const date = headerOf(request, 'x-amz-date')
  return claimV4({
    scheme: 'sigv4',
    credential: fields.get('Credential'),
    signedHeaders: fields.get('SignedHeaders'),
    signature: fields.get('Signature'),
    signedAt: date === undefined ? parseHttpTime(headerOf(request, 'date')) : parseBasicTime(date),
    sessionToken: headerOf(request, 'x-amz-security-token'),
    payload: headerOf(request, 'x-amz-content-sha256'),
    target: headerOf(request, 'x-amz-target'),
  })
}

function presignedClaim(request: HttpRequest, query: Params): Claim {
  if (paramOf(query, 'X-Amz-Algorithm') !== algorithm) return malformed('sigv4', 'unknown algorithm')
  const expires = paramOf(query, 'X-Amz-Expires')
  const validS = expires === undefined ? undefined : /^\d{1,6}$/.test(expires) ? Number(expires) : Number.NaN
  if (validS !== undefined && !(validS >= 1 && validS <= longestValidS)) return malformed('sigv4', 'X-Amz-Expires')
  return claimV4({
    scheme: 'sigv4-presigned',
    credential: paramOf(query, 'X-Amz-Credential'),
    signedHeaders: paramOf(query, 'X-Amz-SignedHeaders'),
    signature: paramOf(query, 'X-Amz-Signature'),
    signedAt: parseBasicTime(paramOf(query, 'X-Amz-Date') ?? headerOf(request, 'x-amz-date')),
    sessionToken: paramOf(query, 'X-Amz-Security-Token') ?? headerOf(request, 'x-amz-security-token'),
    payload: paramOf(query, 'X-Amz-Content-Sha256') ?? headerOf(request, 'x-amz-content-sha256'),
    target: headerOf(request, 'x-amz-target'),
    validS,
  })
}

interface FieldsV4 {
  scheme: ClaimV4['scheme']
  credential: string | undefined
  signedHeaders: string | undefined
  signature: string | undefined
  signedAt: Date | undefined
  sessionToken: string | undefined
  payload: string | undefined
  /** X-Amz-Target names the action: who sends it must sign it. */
  target: string | undefined
  validS?: number | undefined
}

function claimV4(fields: FieldsV4): Claim {
  const { scheme, credential, signedHeaders, signature, signedAt, sessionToken, payload, validS } = fields
  const [, accessKeyId, date, region, service] =
    /^([^/]{1,128})\/(\d{8})\/([^/]{0,128})\/([^/]{0,128})\/aws4_request$/.exec(credential ?? '') ?? []
  if (!accessKeyId || !date || region === undefined || service === undefined) return malformed('sigv4', 'Credential')
  if (!signature || !/^[0-9a-f]{64}$/.test(signature)) return malformed('sigv4', 'Signature')
  if (!signedAt) return malformed('sigv4', 'no date')
  const names = (signedHeaders ?? '').split(';').map((it) => it.toLowerCase())
  if (!names.includes('host')) return malformed('sigv4', 'the Host header is not signed')
  if (fields.target !== undefined && !names.includes('x-amz-target')) return malformed('sigv4', 'unsigned X-Amz-Target')
  return {
    ...{ scheme, accessKeyId, scope: { date, region, service }, signedHeaders: names, signature, signedAt },
    ...(sessionToken !== undefined && { sessionToken }),
    ...(payload !== undefined && { payload }),
    ...(validS !== undefined && { validS }),
  }
}

const hashesV2 = { HmacSHA1: 'sha1', HmacSHA256: 'sha256' } as const

function claimV2(request: HttpRequest, params: Params): Claim {
  if (headerOf(request, 'x-amz-target') !== undefined) return malformed('sigv2', 'X-Amz-Target can not be signed')
  const field = (name: string) => paramOf(params, name)
  const accessKeyId = field('AWSAccessKeyId')
  const method = field('SignatureMethod') ?? ''
  if (!accessKeyId || accessKeyId.length > 128) return malformed('sigv2', 'AWSAccessKeyId')
  if (field('SignatureVersion') !== '2') return malformed('sigv2', 'SignatureVersion')
  if (method !== 'HmacSHA1' && method !== 'HmacSHA256') return malformed('sigv2', 'SignatureMethod')
  const signature = field('Signature')?.replaceAll(' ', '+') // Some clients leave the plus sign as it is.
  if (!signature) return malformed('sigv2', 'no Signature')
  const signedAt = parseIsoTime(field('Timestamp'))
  const expires = parseIsoTime(field('Expires'))
  if ((signedAt === undefined) === (expires === undefined)) return malformed('sigv2', 'one of Timestamp and Expires')
  const sessionToken = field('SecurityToken')
  return {
    ...{ scheme: 'sigv2', accessKeyId, hash: hashesV2[method], signature },
    ...(sessionToken !== undefined && { sessionToken }),
    ...(signedAt && { signedAt }),
    ...(expires && { expires }),
  }
}

function fieldOf(text: string): readonly [string, string] {
  const equals = text.indexOf('=')
  return [text.slice(0, Math.max(equals, 0)).trim(), text.slice(equals + 1).trim()]
}

function malformed(of: Malformed['of'], why: string): Malformed {
  return { scheme: 'malformed', of, why }
}
