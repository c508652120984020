import { issueTemporaryKey } from '../../control/accounts/accounts.ts'
import { refuse } from '../../model/errors.ts'
import { stsAction } from '../action.ts'

/** Seconds. Source: STS API Reference, GetSessionToken: 15 minutes to 36 hours; an account's root gets at most one hour. */
const shortest = 900
const longest = 129_600
const longestForRoot = 3_600
const usual = 43_200

/**
 * Temporary credentials with the caller's own rights. A root that asks for longer than an hour gets an hour.
 * Refuses: InvalidParameterValue for a duration out of bounds; UnsupportedOperation for MFA, and in a region whose keys are another's.
 * Source: STS API Reference, GetSessionToken.
 */
export const GetSessionToken = stsAction(
  'GetSessionToken',
  async ({ DurationSeconds, SerialNumber, TokenCode }, { tx, caller, cloud, now, random }) => {
    if (SerialNumber || TokenCode)
      refuse('UnsupportedOperation', { message: 'Multi-factor authentication is not served by this cloud.' })
    if (cloud.accountsAt !== undefined)
      refuse('UnsupportedOperation', {
        message: `Temporary keys of this cloud are given by its first region, at ${cloud.accountsAt}.`,
      })
    const asked = DurationSeconds ?? usual
    if (asked < shortest || asked > longest) {
      refuse('InvalidParameterValue', { message: `DurationSeconds must be from ${shortest} to ${longest}.` })
    }
    const seconds = caller.user === 'root' ? Math.min(asked, longestForRoot) : asked
    const key = await issueTemporaryKey(tx, caller, { now, seconds }, random)
    return {
      Credentials: {
        AccessKeyId: key.accessKeyId,
        SecretAccessKey: key.secretAccessKey,
        SessionToken: key.sessionToken,
        Expiration: key.expires,
      },
    }
  },
)
