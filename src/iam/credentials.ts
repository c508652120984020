import type { Random } from '../base/random.ts'
import type { AccountId } from '../model/ids.ts'

/** Who sent a request whose signature was verified. */
export interface Caller {
  readonly account: AccountId
  /** Name of the IAM user, `root` for the account itself, the session's name for a role. */
  readonly user: string
  /** What STS calls UserId: the account for root, `AIDA…` for a user, `AROA…:session` for a role. */
  readonly userId: string
  /** `arn:aws:iam::ACCOUNT:root`, `arn:aws:iam::ACCOUNT:user/NAME` or `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION`. */
  readonly arn: string
  readonly accessKeyId: string
}

/** An access key that may sign: what a store knows of it. */
export interface AccessKey {
  readonly secret: string
  readonly caller: Caller
  /** End of life of a temporary key. */
  readonly expires?: Date
}

/**
 * Finds the key of that id. `undefined` for a key that is unknown, switched off, or temporary and sent with another
 * session token than its own (or with none).
 */
export type LookupKey = (
  accessKeyId: string,
  sessionToken: string | undefined,
  abort: AbortSignal,
) => Promise<AccessKey | undefined>

/** Source: IAM User Guide, "Unique identifiers": what the ids of each kind begin with. */
export const uniqueIdPrefixes = {
  accessKey: 'AKIA',
  temporaryKey: 'ASIA',
  user: 'AIDA',
  role: 'AROA',
  certificate: 'ASCA',
} as const satisfies Record<string, string>

const base32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
const base62 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

/** A new id of IAM's form: the prefix of its kind and 16 characters of base 32, 20 in all. */
export function newUniqueId(kind: keyof typeof uniqueIdPrefixes, random: Random): string {
  return uniqueIdPrefixes[kind] + pick(base32, 16, random)
}

/**
 * A new secret access key: 40 characters, 238 bits. AWS' own are base 64; ours leave out `+` and `/`, which many tools
 * and shells have mishandled. Source: aws/aws-cli issue 602.
 */
export function newSecret(random: Random): string {
  return pick(base62, 40, random)
}

/** An unbiased choice of `length` characters: bytes that would favour the first ones are thrown away. */
function pick(alphabet: string, length: number, random: Random): string {
  const fair = 256 - (256 % alphabet.length)
  let text = ''
  while (text.length < length) {
    for (const byte of random.bytes(length)) {
      if (byte < fair && text.length < length) text += alphabet[byte % alphabet.length]
    }
  }
  return text
}
