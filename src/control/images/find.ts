import { refuse } from '../../model/errors.ts'
import type { AccountId } from '../../model/ids.ts'
import type { Reader } from '../../store/store.ts'
import type { ImageRow } from '../../store/tables/resources.ts'
import { checkIds } from '../lookup.ts'

/** Every image that the account may use: its own and the public ones. In the order of their ids. */
export function listImages(reader: Reader, account: AccountId): Promise<ImageRow[]> {
  return reader.db
    .selectFrom('images')
    .selectAll()
    .where((eb) => eb.or([eb('accountId', '=', account), eb('isPublic', '=', 1)]))
    .orderBy('id')
    .execute()
}

/** The image, if the account may use it. One that it may not see does not exist for it. */
export async function findImage(reader: Reader, account: AccountId, id: string): Promise<ImageRow> {
  const [checked] = checkIds('image', [id])
  const image = (await listImages(reader, account)).find((it) => it.id === checked)
  return image ?? refuse('InvalidAMIID.NotFound', { id })
}
