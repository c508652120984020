/** Who asks: by a signature of either version, in the header or in the URL; or nobody in particular. */
import type { Clock } from '../base/clock.ts'
import { type ClaimV4, readClaim } from '../iam/claim.ts'
import type { Caller, LookupKey } from '../iam/credentials.ts'
import { headerOf } from '../iam/http-request.ts'
import type { Params } from '../iam/params.ts'
import type { Doubt } from '../iam/refusals.ts'
import { signatureV2 } from '../iam/sigv2.ts'
import { type ClaimV2S3, readClaimV2S3, stringToSignV2S3 } from '../iam/sigv2-s3.ts'
import { signingKey } from '../iam/sigv4.ts'
import { basicTime } from '../iam/timestamps.ts'
import { type Examine, examiner, sameText } from '../iam/verify.ts'
import { refuse } from './errors.ts'
import type { RequestHead } from './exchange.ts'
import type { Declared } from './payload.ts'

export interface Authenticated {
  /** Absent: anonymous. */
  readonly caller?: Caller
  readonly declared: Declared
}

/** Source: Amazon S3 API Reference, RequestTimeTooSkewed: 15 minutes. */
const longestSkewMs = 15 * 60_000

export class Authenticator {
  readonly #lookup: LookupKey
  readonly #clock: Clock
  readonly #examine: Examine

  constructor(parts: { lookup: LookupKey; clock: Clock }) {
    this.#lookup = parts.lookup
    this.#clock = parts.clock
    this.#examine = examiner(parts)
  }

  async authenticate(head: RequestHead, query: Params, bucket: string, abort: AbortSignal): Promise<Authenticated> {
    const claimV2 = readClaimV2S3(head, query)
    const payload = headerOf(head, 'x-amz-content-sha256')
    if (claimV2 === 'malformed') refuse('InvalidArgument', 'The signature, or its date, is malformed.')
    if (claimV2) return { caller: await this.#verifyV2(head, query, bucket, claimV2, abort), declared: { payload } }
    const claim = readClaim({ ...head, body: nothing }, query, [])
    if (claim.scheme === 'none') return { declared: { payload } }
    const http = { ...head, body: nothing }
    const found = await this.#examine({ http, query, params: query, claim, service: 's3', bodyApart: true }, abort)
    if ('kind' in found) return refuseDoubt(found)
    const isV4 = claim.scheme === 'sigv4' || (claim.scheme === 'sigv4-presigned' && claim.payload !== undefined)
    return { caller: found.caller, declared: isV4 ? await this.#declared(claim, abort) : { payload: undefined } }
  }

  /** The secret of a key that may sign, and whose it is. */
  async key(accessKeyId: string, sessionToken: string | undefined, abort: AbortSignal) {
    const key = await this.#lookup(accessKeyId, sessionToken, abort)
    if (!key) refuse('InvalidAccessKeyId')
    if (key.expires && key.expires <= this.#clock.now()) refuse('ExpiredToken')
    return key
  }

  async #verifyV2(
    head: RequestHead,
    query: Params,
    bucket: string,
    claim: ClaimV2S3,
    abort: AbortSignal,
  ): Promise<Caller> {
    const now = this.#clock.now().getTime()
    if (claim.expires && claim.expires.getTime() < now) refuse('AccessDenied', 'Request has expired')
    if (claim.signedAt && Math.abs(claim.signedAt.getTime() - now) > longestSkewMs) refuse('RequestTimeTooSkewed')
    const key = await this.key(claim.accessKeyId, claim.sessionToken, abort)
    const matches = [head.path, `${head.path}/`].some((path) => {
      const text = stringToSignV2S3({ ...head, path }, { query, dateText: claim.dateText, bucket })
      return sameText(signatureV2(key.secret, 'sha1', text), claim.signature)
    }) // botocore signs a bucket's path with a slash behind it that it does not send.
    if (!matches) refuse('SignatureDoesNotMatch')
    return key.caller
  }

  async #declared(claim: ClaimV4, abort: AbortSignal): Promise<Declared> {
    const { payload, scope, signature, signedAt } = claim
    if (payload === undefined)
      refuse('InvalidRequest', 'Missing required header for this request: x-amz-content-sha256')
    if (!payload.startsWith('STREAMING-AWS4-HMAC-SHA256-PAYLOAD')) return { payload }
    const { secret } = await this.key(claim.accessKeyId, claim.sessionToken, abort)
    const key = signingKey(secret, scope)
    return { payload, signing: { key, scope, timestamp: basicTime(signedAt), seed: signature } }
  }
}

const nothing = Buffer.alloc(0)

/** Source: Amazon S3 API Reference, "Error responses". */
function refuseDoubt(doubt: Doubt): never {
  switch (doubt.kind) {
    case 'missing':
      return refuse('AccessDenied')
    case 'malformed':
      return refuse('AuthorizationHeaderMalformed')
    case 'unknown-key':
      return refuse('InvalidAccessKeyId')
    case 'wrong-signature':
      return refuse('SignatureDoesNotMatch')
    case 'key-expired':
      return refuse('ExpiredToken')
    case 'out-of-time':
      if (doubt.message.startsWith('Signature expired')) return refuse('AccessDenied', 'Request has expired')
      return refuse('RequestTimeTooSkewed')
  }
}
