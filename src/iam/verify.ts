import { timingSafeEqual } from 'node:crypto'
import type { Clock } from '../base/clock.ts'
import type { Signature } from './api-request.ts'
import type { Claim, ClaimV2, ClaimV4 } from './claim.ts'
import type { AccessKey, Caller, LookupKey } from './credentials.ts'
import { type HttpRequest, signedHosts } from './http-request.ts'
import { LruCache } from './lru-cache.ts'
import type { Params } from './params.ts'
import { type Doubt, refuseSignature } from './refusals.ts'
import { signatureV2, stringToSignV2 } from './sigv2.ts'
import * as v4 from './sigv4.ts'
import { doubtTimeV2, doubtTimeV4 } from './time-window.ts'
import { basicTime } from './timestamps.ts'

/** A request and what was parsed from it. */
export interface SignedRequest {
  readonly http: HttpRequest
  /** Parameters of the query string alone. */
  readonly query: Params
  /** Parameters of query string and form body. */
  readonly params: Params
  readonly claim: Claim
  /** Whose errors to speak. */
  readonly service: string
  /** The body is not in `http`: whoever reads it compares it with what the signature declares of it. */
  readonly bodyApart?: boolean
}

export interface Verified {
  readonly caller: Caller
  readonly signature: Signature
}

/** Verifies the signature of a request. Refuses as the service asked would: see `refusals.ts`. */
export type Verify = (request: SignedRequest, abort: AbortSignal) => Promise<Verified>

/** Signing keys derived from secrets, by secret and scope; only those of verified requests. */
type SigningKeys = LruCache<Buffer>

/** A verifier of SigV4 (header and presigned) and SigV2 that finds keys through `lookup`. */
export function verifier(parts: { lookup: LookupKey; clock: Clock }): Verify {
  const examine = examiner(parts)
  return async (request, abort) => {
    const found = await examine(request, abort)
    return 'kind' in found ? refuseSignature(request.service, schemeOf(request.claim), found) : found
  }
}

/** Verifies as `verifier` does, and leaves to its caller in which words to refuse. */
export type Examine = (request: SignedRequest, abort: AbortSignal) => Promise<Verified | Doubt>

export function examiner({ lookup, clock }: { lookup: LookupKey; clock: Clock }): Examine {
  const keys: SigningKeys = new LruCache(1000)
  return async (request, abort) => {
    const { claim } = request
    if (claim.scheme === 'none') return { kind: 'missing' }
    if (claim.scheme === 'malformed') return { kind: 'malformed', why: claim.why }
    const untimely = claim.scheme === 'sigv2' ? doubtTimeV2(claim, clock.now()) : doubtTimeV4(claim, clock.now())
    if (untimely) return untimely
    const key = await lookup(claim.accessKeyId, claim.sessionToken, abort)
    if (!key) return { kind: 'unknown-key' }
    if (!matches(request, claim, key, keys)) return { kind: 'wrong-signature' }
    if (key.expires && key.expires <= clock.now()) return { kind: 'key-expired' }
    return { caller: key.caller, signature: signatureOf(claim) }
  }
}

function schemeOf(claim: Claim): 'sigv4' | 'sigv2' {
  return claim.scheme === 'sigv2' || (claim.scheme === 'malformed' && claim.of === 'sigv2') ? 'sigv2' : 'sigv4'
}

function matches(request: SignedRequest, claim: ClaimV4 | ClaimV2, key: AccessKey, keys: SigningKeys): boolean {
  return claim.scheme === 'sigv2' ? matchesV2(request, claim, key.secret) : matchesV4(request, claim, key.secret, keys)
}

function matchesV2({ http, params }: SignedRequest, claim: ClaimV2, secret: string): boolean {
  return signedHosts(http).some((host) => {
    const text = stringToSignV2(http.method, host, http.path, params)
    return sameText(signatureV2(secret, claim.hash, text), claim.signature)
  })
}

function matchesV4(request: SignedRequest, claim: ClaimV4, secret: string, keys: SigningKeys): boolean {
  const payloadHash = payloadOf(request, claim)
  if (payloadHash === undefined) return false
  const id = `${secret}/${v4.scopeText(claim.scope)}`
  const key = keys.get(id) ?? v4.signingKey(secret, claim.scope)
  const timestamp = basicTime(claim.signedAt)
  const found = readings(request, claim, payloadHash).some((reading) => {
    const text = v4.stringToSign(v4.canonicalRequest(reading), timestamp, claim.scope)
    return sameText(v4.signatureV4(key, text), claim.signature)
  })
  if (found) keys.set(id, key)
  return found
}

/** The ways in which clients read one and the same request when they sign it: by path and by Host. */
function readings({ http, query }: SignedRequest, claim: ClaimV4, payloadHash: string): v4.Canonical[] {
  const { method, headers } = http
  const common = { method, headers, payloadHash, signedHeaders: claim.signedHeaders }
  const signed = claim.scheme === 'sigv4' ? query : query.filter(([name]) => name !== 'X-Amz-Signature')
  return v4
    .signedPaths(http.path, claim.scope.service)
    .flatMap((path) => signedHosts(http).map((host) => ({ ...common, query: signed, path, host })))
}

/**
 * The hash of the payload that was signed; `undefined` where the declared one is not the body's. S3 signs no payload
 * in presigned requests. Source: Amazon S3 API Reference, "Authenticating Requests: Using Query Parameters".
 */
function payloadOf({ http, bodyApart }: SignedRequest, claim: ClaimV4): string | undefined {
  const presignedS3 = claim.scheme === 'sigv4-presigned' && claim.scope.service === 's3'
  const declared = claim.payload ?? (presignedS3 ? v4.unsignedPayload : undefined)
  if (declared === v4.unsignedPayload || bodyApart) return declared
  const actual = v4.sha256(http.body)
  return declared === undefined || declared === actual ? actual : undefined
}

function signatureOf(claim: ClaimV4 | ClaimV2): Signature {
  const { scheme, signedAt } = claim
  if (claim.scheme === 'sigv2') return { scheme, ...(signedAt && { signedAt }) }
  return { scheme, scope: claim.scope, signedAt: claim.signedAt }
}

/** Compares in a time that does not depend on where the texts differ. */
export function sameText(expected: string, given: string): boolean {
  const a = Buffer.from(expected)
  const b = Buffer.from(given)
  return a.length === b.length && timingSafeEqual(a, b)
}
