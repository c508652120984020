import type { Random } from '../../base/random.ts'
import { refuse } from '../../model/errors.ts'
import { type AccountId, newId, type ResourceId } from '../../model/ids.ts'
import type { Reader, Transaction } from '../../store/store.ts'
import type { KeyPairRow } from '../../store/tables/resources.ts'
import { removeTags } from '../tags/tags.ts'
import type { PublicHalf } from './keys.ts'

/** Keeps the public half under that name. Refuses a name that the account has. */
export async function keepKeyPair(
  tx: Transaction,
  { account, name, half }: { account: AccountId; name: string; half: PublicHalf },
  { now, random }: { now: Date; random: Random },
): Promise<KeyPairRow> {
  if (await named(tx, account, { name })) refuse('InvalidKeyPair.Duplicate', { name })
  const { type, fingerprint, publicKey } = half
  const id = newId('key-pair', random)
  const row = { id, accountId: account, name, type, fingerprint, publicKey, createdAt: now.getTime() }
  await tx.db.insertInto('keyPairs').values(row).execute()
  return row
}

/** Forgets the key pair of that name or id, if there is one. Instances that were made with it keep it. */
export async function forgetKeyPair(
  tx: Transaction,
  account: AccountId,
  by: { readonly name: string } | { readonly id: string },
): Promise<KeyPairRow | undefined> {
  const row = await named(tx, account, by)
  if (!row) return undefined
  await removeTags(tx, row.id, [])
  await tx.db.deleteFrom('keyPairs').where('id', '=', row.id).execute()
  return row
}

function named(
  reader: Reader,
  account: AccountId,
  by: { readonly name: string } | { readonly id: string },
): Promise<KeyPairRow | undefined> {
  const own = reader.db.selectFrom('keyPairs').selectAll().where('accountId', '=', account)
  const one = 'name' in by ? own.where('name', '=', by.name) : own.where('id', '=', by.id as ResourceId<'key-pair'>)
  return one.executeTakeFirst()
}
