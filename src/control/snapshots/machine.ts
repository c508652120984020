/**
 * The life of a snapshot. Its moment is when its volume was frozen for it; what follows is copying.
 *
 *     copy --> rest --> remove --> clear --> (forgotten)
 *        \______________^
 */
import type { HostId, SnapshotId } from '../../model/ids.ts'
import type { Transaction } from '../../store/store.ts'
import type { HostRow } from '../../store/tables/resources.ts'
import type { SnapshotFactRow, SnapshotRow } from '../../store/tables/volumes.ts'
import { machine } from '../../strand/machine.ts'
import { done, hop, nap } from '../../strand/outcome.ts'
import { failedAttempts, hasHeard } from '../hosts/heard.ts'
import { wish } from '../hosts/wishes.ts'
import { removeTags } from '../tags/tags.ts'

export interface ObservedSnapshot {
  readonly id: SnapshotId
  readonly row: SnapshotRow
  readonly fact: SnapshotFactRow | undefined
  readonly host: HostRow | undefined
}

const copyAttempts = 8

export const snapshotMachine = machine<ObservedSnapshot>()('snapshot', {
  start: 'copy',
  teardown: 'remove',
  load: observe,
  steps: {
    copy: {
      kind: 'decide',
      async run({ tx, self, now }) {
        if (self.fact?.state === 'complete') {
          await change(tx, self.id, { state: 'completed', progress: 100, completedAt: now.getTime() })
          await wish(tx, await hostsWaitingFor(tx, self.id))
          return hop('rest')
        }
        const failed = self.fact?.state === 'broken' || failedAttempts(self.host, self.id) >= copyAttempts
        await change(tx, self.id, { state: failed ? 'error' : 'pending', progress: self.fact?.progress ?? 0 })
        return nap()
      },
    },
    rest: {
      kind: 'decide',
      run: async () => nap(),
    },
    remove: {
      kind: 'decide',
      async run({ tx, self }) {
        const generations = await wish(tx, [self.row.hostId])
        await change(tx, self.id, { state: 'deleting', wishedIn: generations.get(self.row.hostId) ?? 0 })
        return hop('clear')
      },
    },
    clear: {
      kind: 'decide',
      async run({ tx, self }) {
        if (self.fact || !hasHeard(self.host, self.row.wishedIn)) return nap()
        await removeTags(tx, self.id, [])
        await tx.db.deleteFrom('snapshotShares').where('snapshotId', '=', self.id).execute()
        await tx.db.deleteFrom('snapshots').where('id', '=', self.id).execute()
        return done()
      },
    },
  },
})

async function observe(tx: Transaction, id: string): Promise<ObservedSnapshot | undefined> {
  const row = await tx.db
    .selectFrom('snapshots')
    .selectAll()
    .where('id', '=', id as SnapshotId)
    .executeTakeFirst()
  if (!row) return undefined
  const fact = await tx.db.selectFrom('snapshotFacts').selectAll().where('id', '=', row.id).executeTakeFirst()
  const host = await tx.db.selectFrom('hosts').selectAll().where('id', '=', row.hostId).executeTakeFirst()
  return { id: row.id, row, fact, host }
}

/** Hosts of volumes that are to begin as the snapshot: they have not been told of these yet. */
async function hostsWaitingFor(tx: Transaction, id: SnapshotId): Promise<HostId[]> {
  const volumes = tx.db.selectFrom('volumes').select('hostId').distinct().where('snapshotId', '=', id)
  return (await volumes.where('state', '=', 'creating').execute()).map((it) => it.hostId)
}

async function change(tx: Transaction, id: SnapshotId, columns: Partial<SnapshotRow>): Promise<void> {
  await tx.db.updateTable('snapshots').set(columns).where('id', '=', id).execute()
}
