import type { ClaimV2, ClaimV4 } from './claim.ts'
import type { Doubt } from './refusals.ts'
import { basicTime, isoTime } from './timestamps.ts'

const minute = 60_000
/** Source: IAM User Guide, "AWS Signature Version 4 for API requests": "within five minutes of the time stamp". */
const skewV4 = 5 * minute
/** Source: EC2 API Reference, "Error codes", RequestExpired: 15 minutes, in the past and in the future. */
const skewV2 = 15 * minute

/** Whether a SigV4 request is too old, from the future, or dated otherwise than its scope. */
export function doubtTimeV4(claim: ClaimV4, now: Date): Doubt | undefined {
  const signed = basicTime(claim.signedAt)
  if (signed.slice(0, 8) !== claim.scope.date) return { kind: 'malformed', why: 'the scope has another date' }
  const early = new Date(now.getTime() + skewV4)
  if (claim.signedAt > early) {
    const message = `Signature not yet current: ${signed} is still later than ${basicTime(early)} (${basicTime(now)} + 5 min.)`
    return { kind: 'out-of-time', message }
  }
  const lifeMs = claim.validS === undefined ? skewV4 : claim.validS * 1000
  if (claim.signedAt.getTime() + lifeMs >= now.getTime()) return undefined
  const late = basicTime(new Date(now.getTime() - lifeMs))
  const life = claim.validS === undefined ? '5 min.' : `${claim.validS} s`
  const message = `Signature expired: ${signed} is now earlier than ${late} (${basicTime(now)} - ${life})`
  return { kind: 'out-of-time', message }
}

/** Whether a SigV2 request is past its Expires, or its Timestamp is too far from now. */
export function doubtTimeV2(claim: ClaimV2, now: Date): Doubt | undefined {
  const { signedAt, expires } = claim
  const message = 'Request has expired.'
  if (expires && expires < now) return { kind: 'out-of-time', message, timestamp: isoTime(expires) }
  if (!signedAt || Math.abs(signedAt.getTime() - now.getTime()) <= skewV2) return undefined
  return { kind: 'out-of-time', message, timestamp: isoTime(signedAt) }
}
