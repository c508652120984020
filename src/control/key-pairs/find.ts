import { refuse } from '../../model/errors.ts'
import type { AccountId } from '../../model/ids.ts'
import type { Reader } from '../../store/store.ts'
import type { KeyPairRow } from '../../store/tables/resources.ts'

export async function findKeyPair(reader: Reader, account: AccountId, name: string): Promise<KeyPairRow> {
  const row = await reader.db
    .selectFrom('keyPairs')
    .selectAll()
    .where('accountId', '=', account)
    .where('name', '=', name)
    .executeTakeFirst()
  return row ?? refuse('InvalidKeyPair.NotFound', { id: name })
}
