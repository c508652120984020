/** Which key encrypts a new volume or copy. Source: EBS User Guide, "Amazon EBS encryption", "Encryption outcomes". */
import { createHash } from 'node:crypto'
import type { Cloud } from '../../model/cloud.ts'
import { refuse } from '../../model/errors.ts'
import type { AccountId, KeyId } from '../../model/ids.ts'
import type { Reader, Transaction } from '../../store/store.ts'

/** The alias of the key that each account has for its volumes. */
export const ebsAlias = 'alias/aws/ebs'

/** The key that an account has for its volumes: by its name. What it is made of is known to the hosts alone. */
export function ebsKeyOf(account: AccountId): KeyId {
  const digest = createHash('sha256').update(`ebs/${account}`).digest()
  digest[6] = (digest[6]! & 0x0f) | 0x40 // a digest has 32 bytes
  digest[8] = (digest[8]! & 0x3f) | 0x80
  const hex = digest.toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`
}

/** Source: AWS General Reference, ARNs of AWS KMS. */
export function keyArn({ region }: Cloud, account: AccountId, key: KeyId): string {
  return `arn:aws:kms:${region}:${account}:key/${key}`
}

export interface EncryptionAsked {
  readonly Encrypted?: boolean | undefined
  readonly KmsKeyId?: string | undefined
}

/** The key, or null for what stays as it is; `source` is what it is made of. Refuses keys of others, and what would decrypt. */
export async function encryptionFor(
  reader: Reader,
  { account, cloud }: { readonly account: AccountId; readonly cloud: Cloud },
  asked: EncryptionAsked,
  source?: { readonly keyId: KeyId | null },
): Promise<KeyId | null> {
  const always = await encryptsByDefault(reader, account)
  if (asked.KmsKeyId !== undefined && !asked.Encrypted && !always)
    refuse('InvalidParameterDependency', {
      message: 'The parameter KmsKeyId requires the parameter Encrypted to be set.',
    })
  if (asked.KmsKeyId !== undefined) requireOwnKey(cloud, account, asked.KmsKeyId)
  if (source?.keyId) {
    if (asked.Encrypted === false)
      refuse('InvalidParameterCombination', { message: 'What is encrypted cannot be made into what is not.' })
    return source.keyId
  }
  return asked.Encrypted || always ? ebsKeyOf(account) : null
}

function requireOwnKey(cloud: Cloud, account: AccountId, name: string): void {
  const key = ebsKeyOf(account)
  const alias = `arn:aws:kms:${cloud.region}:${account}:${ebsAlias}`
  if (![key, keyArn(cloud, account, key), ebsAlias, alias].includes(name))
    refuse('InvalidParameterValue', {
      message: `The key ${name} does not exist, is not enabled or you do not have permissions to access it.`,
    })
}

/** Whether all that the account makes is encrypted. */
export async function encryptsByDefault({ db }: Reader, account: AccountId): Promise<boolean> {
  const row = await db.selectFrom('accounts').select('ebsEncrypted').where('id', '=', account).executeTakeFirst()
  return row?.ebsEncrypted === 1
}

export async function encryptByDefault({ db }: Transaction, account: AccountId, always: boolean): Promise<void> {
  const ebsEncrypted = always ? 1 : 0
  await db.updateTable('accounts').set({ ebsEncrypted }).where('id', '=', account).execute()
}
