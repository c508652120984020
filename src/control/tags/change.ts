/** Changes of tags by their owner. Guests that see their tags are told by their hosts. */
import type { AccountId, InstanceId } from '../../model/ids.ts'
import type { Transaction } from '../../store/store.ts'
import type { MetadataOptionsJson } from '../../store/tables/resources.ts'
import { wish } from '../hosts/wishes.ts'
import { checkTagsForMetadata, putTags, removeTags, type Tags, taggable } from './tags.ts'

/** Gives each of the resources these tags. All or, where one is unknown or has too many, none. */
export async function addTags(tx: Transaction, account: AccountId, ids: readonly string[], tags: Tags): Promise<void> {
  const resources = await taggable(tx, account, ids)
  const hosts = await hostsThatShowTags(tx, ids)
  if (hosts.length > 0) checkTagsForMetadata(tags)
  for (const { id, kind } of resources) await putTags(tx, { account, id, kind }, tags)
  await wish(tx, hosts)
}

/** Takes these tags from each of the resources; all of theirs if none is named. Tags that are not there are no error. */
export async function takeTags(
  tx: Transaction,
  account: AccountId,
  ids: readonly string[],
  tags: readonly { readonly key: string; readonly value?: string }[],
): Promise<void> {
  for (const { id } of await taggable(tx, account, ids)) await removeTags(tx, id, tags)
  await wish(tx, await hostsThatShowTags(tx, ids))
}

/** Hosts of those instances among `ids` that show their tags to their guests. */
async function hostsThatShowTags(tx: Transaction, ids: readonly string[]): Promise<string[]> {
  const rows = await tx.db
    .selectFrom('instances')
    .select(['hostId', 'metadataJson'])
    .where('id', 'in', ids as readonly InstanceId[]) // Other kinds of ids are no instance's.
    .execute()
  return rows.flatMap(({ hostId, metadataJson }) => {
    const { tagsEnabled } = JSON.parse(metadataJson) as MetadataOptionsJson
    return hostId !== null && tagsEnabled ? [hostId] : []
  })
}
