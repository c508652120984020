import { refuse } from '../../model/errors.ts'
import type { AccountId, SnapshotId } from '../../model/ids.ts'
import type { Transaction } from '../../store/store.ts'

/** Everybody, among those that a snapshot is shared with. */
export const everybody = 'all'

/** Lets these accounts make volumes of the snapshot, and those no more. */
export async function share(
  tx: Transaction,
  snapshotId: SnapshotId,
  { add, remove }: { readonly add: readonly AccountId[]; readonly remove: readonly AccountId[] },
): Promise<void> {
  const wrong = [...add, ...remove].find((it) => it !== everybody && !/^\d{12}$/.test(it))
  if (wrong !== undefined) refuse('InvalidUserID.Malformed', { id: wrong })
  if (remove.length > 0)
    await tx.db
      .deleteFrom('snapshotShares')
      .where('snapshotId', '=', snapshotId)
      .where('accountId', 'in', remove)
      .execute()
  for (const accountId of add)
    await tx.db
      .insertInto('snapshotShares')
      .values({ snapshotId, accountId })
      .onConflict((it) => it.doNothing())
      .execute()
}
