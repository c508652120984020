/** Services that gateway endpoints lead to. Each is a prefix list of Amazon's, whose entries are the service's addresses. */
import { createHash } from 'node:crypto'
import { type Cloud, objectsAddress } from '../../model/cloud.ts'
import type { Reader, Transaction } from '../../store/store.ts'
import type { PrefixListRow } from '../../store/tables/prefix-lists.ts'
import type { PrefixListId } from '../prefix-lists/find.ts'

/** Who owns what no account of the cloud does. Source: EC2 CLI Reference, describe-managed-prefix-lists, examples. */
export const amazon = 'AWS'

/** The lists of all services that there are, in the order of their names. */
export function listServices({ db }: Reader): Promise<PrefixListRow[]> {
  return db.selectFrom('prefixLists').selectAll().where('accountId', '=', amazon).orderBy('name').execute()
}

/** Makes sure that the object store is among the services. Its list has the same id in every cloud of the region. */
export async function offerObjects({ db }: Transaction, { region }: Cloud, now: Date): Promise<void> {
  const name = `com.amazonaws.${region}.s3`
  const id: PrefixListId = `pl-${createHash('sha256').update(name).digest('hex').slice(0, 8)}`
  const row = {
    id,
    accountId: amazon,
    name,
    family: 'IPv4',
    maxEntries: 1,
    version: 1,
    state: 'create-complete',
  } as const
  const entries = { prefixListId: id, version: 1, entriesJson: JSON.stringify([{ cidr: `${objectsAddress}/32` }]) }
  await db
    .insertInto('prefixLists')
    .values({ ...row, createdAt: now.getTime() })
    .onConflict((it) => it.doNothing())
    .execute()
  await db
    .insertInto('prefixListVersions')
    .values(entries)
    .onConflict((it) => it.doNothing())
    .execute()
}

/** Takes the object store from the services; endpoints that lead there lead nowhere. */
export async function withdrawObjects({ db }: Transaction): Promise<void> {
  await db.deleteFrom('prefixLists').where('accountId', '=', amazon).execute()
}
