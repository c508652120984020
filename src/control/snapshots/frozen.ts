import type { Clock } from '../../base/clock.ts'
import type { SnapshotId } from '../../model/ids.ts'
import type { Reader, Store } from '../../store/store.ts'

const lookEveryMs = 10
const patienceMs = 10_000

/**
 * Resolves once the moment of the snapshots has been: what is written from now on is not in them. While their host is away it takes
 * longer; nobody is kept waiting for more than ten seconds.
 */
export async function frozen(
  store: Store,
  clock: Clock,
  ids: readonly SnapshotId[],
  abort: AbortSignal,
): Promise<void> {
  for (let waited = 0; waited < patienceMs; waited += lookEveryMs) {
    if (await store.read((reader) => areFrozen(reader, ids))) return
    await clock.sleep(lookEveryMs, abort)
  }
}

/** Whether the moment of each of them has been. */
export async function areFrozen({ db }: Reader, ids: readonly SnapshotId[]): Promise<boolean> {
  if (ids.length === 0) return true
  const rows = await db.selectFrom('snapshots').select(['id', 'state']).where('id', 'in', ids).execute()
  const facts = await db.selectFrom('volumeFacts').select('frozenJson').execute()
  const known = new Set(facts.flatMap((it) => JSON.parse(it.frozenJson) as SnapshotId[]))
  return rows.every((it) => it.state !== 'pending' || known.has(it.id))
}
