import { refuse } from '../../model/errors.ts'
import type { AccountId } from '../../model/ids.ts'
import type { Reader } from '../../store/store.ts'
import type { KeyPairRow } from '../../store/tables/resources.ts'

export async function findKeyPair(reader: Reader, account: AccountId, name: string): Promise<KeyPairRow> {
  const [row] = await listKeyPairs(reader, account, { names: [name], ids: [] })
  return row! // listKeyPairs refuses what it does not find
}

/** The account's key pairs, or those named, by name or id, in the order of their ids. */
export async function listKeyPairs(
  reader: Reader,
  account: AccountId,
  wanted: { readonly names: readonly string[]; readonly ids: readonly string[] },
): Promise<KeyPairRow[]> {
  const rows = await reader.db
    .selectFrom('keyPairs')
    .selectAll()
    .where('accountId', '=', account)
    .orderBy('id')
    .execute()
  const { names, ids } = wanted
  for (const id of names) if (!rows.some((row) => row.name === id)) refuse('InvalidKeyPair.NotFound', { id })
  for (const id of ids) if (!rows.some((row) => row.id === id)) refuse('InvalidKeyPair.NotFound', { id })
  if (names.length === 0 && ids.length === 0) return rows
  return rows.filter((row) => names.includes(row.name) || ids.includes(row.id))
}
