import type { AccountId, SnapshotId } from '../../model/ids.ts'
import type { Reader } from '../../store/store.ts'
import type { SnapshotRow, SnapshotShareRow } from '../../store/tables/volumes.ts'
import { checkIds, requireAll } from '../lookup.ts'

export interface SharedSnapshot extends SnapshotRow {
  /** Others that may make volumes of it; `all` is everybody. */
  readonly shares: readonly AccountId[]
}

/** Snapshots that the account may make volumes of, or those named. In the order of their ids. */
export async function listSnapshots(
  reader: Reader,
  account: AccountId,
  ids: readonly string[] = [],
): Promise<SharedSnapshot[]> {
  const checked = checkIds('snapshot', ids)
  const rows = await reader.db
    .selectFrom('snapshots')
    .selectAll()
    .where('state', '!=', 'deleting')
    .orderBy('id')
    .execute()
  const shares = await sharesOf(reader)
  const visible = rows
    .map((row) => ({ ...row, shares: shares.get(row.id) ?? [] }))
    .filter((it) => it.accountId === account || it.shares.includes('all') || it.shares.includes(account))
  return checked.length > 0 ? requireAll('snapshot', checked, visible) : visible
}

/** The snapshot, if the account may make volumes of it. One that it may not see does not exist for it. */
export async function findSnapshot(reader: Reader, account: AccountId, id: string): Promise<SharedSnapshot> {
  const [row] = await listSnapshots(reader, account, [id])
  return row! // listSnapshots refuses what it does not find
}

async function sharesOf({ db }: Reader): Promise<ReadonlyMap<SnapshotId, AccountId[]>> {
  const rows: SnapshotShareRow[] = await db.selectFrom('snapshotShares').selectAll().orderBy('accountId').execute()
  const found = new Map<SnapshotId, AccountId[]>()
  for (const { snapshotId, accountId } of rows) found.set(snapshotId, [...(found.get(snapshotId) ?? []), accountId])
  return found
}
