/**
 * The life of a snapshot. Its moment is when its volume was frozen for it; what follows is copying.
 *
 *     copy --> rest --> remove --> clear --> (forgotten)
 *        \______________^            \__ discard --> forget
 *
 * One of another region comes here as a disk first, of which its host makes it; `tidy` and `discard` remove the disk.
 *
 *     copy --> fetch --> arrived --> copy --> tidy --> rest
 *                 \______ fail _______________^
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
import { type Arrivals, broughtHere, isFromAfar, sourceOf } from './source.ts'

export interface ObservedSnapshot {
  readonly id: SnapshotId
  readonly row: SnapshotRow
  readonly fact: SnapshotFactRow | undefined
  readonly host: HostRow | undefined
}

const copyAttempts = 8

interface Services {
  readonly arrivals: Arrivals
}

/** Percent of a snapshot of another region that has come here; the rest is as with any other. */
const fetched = 50

export const snapshotMachine = machine<ObservedSnapshot, undefined, Services>()('snapshot', {
  start: 'copy',
  teardown: 'remove',
  load: observe,
  steps: {
    copy: {
      kind: 'decide',
      async run({ tx, self, now }) {
        const fromAfar = isFromAfar(self.row)
        if (sourceOf(self.row).kind === 'region') return hop('fetch')
        if (self.fact?.state === 'complete') {
          await change(tx, self.id, { state: 'completed', progress: 100, completedAt: now.getTime() })
          await wish(tx, await hostsWaitingFor(tx, self.id))
          return hop(fromAfar ? 'tidy' : 'rest')
        }
        const failed = self.fact?.state === 'broken' || failedAttempts(self.host, self.id) >= copyAttempts
        const copied = self.fact?.progress ?? 0
        const progress = fromAfar ? fetched + Math.floor((copied * (100 - fetched)) / 100) : copied
        await change(tx, self.id, { state: failed ? 'error' : 'pending', progress })
        return nap()
      },
    },
    fetch: {
      kind: 'act',
      giveUp: { after: 5, to: 'fail' },
      async run({ self: { id, row }, arrivals, abort }) {
        const source = sourceOf(row)
        if (source.kind !== 'region') return hop('arrived')
        return hop((await arrivals.fetch(source, id, abort)) ? 'arrived' : 'fail')
      },
    },
    arrived: {
      kind: 'decide',
      async run({ tx, self: { id, row } }) {
        const generations = await wish(tx, [row.hostId])
        const wishedIn = generations.get(row.hostId) ?? 0
        await change(tx, id, { sourceJson: JSON.stringify(broughtHere(row)), progress: fetched, wishedIn })
        return hop('copy')
      },
    },
    fail: {
      kind: 'decide',
      async run({ tx, self: { id } }) {
        await change(tx, id, { state: 'error' })
        return hop('tidy')
      },
    },
    tidy: {
      kind: 'act',
      async run({ self: { id }, arrivals }) {
        await arrivals.clear(id)
        return hop('rest')
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
        if (isFromAfar(self.row)) return hop('discard')
        await forget(tx, self.id)
        return done()
      },
    },
    discard: {
      kind: 'act',
      async run({ self: { id }, arrivals }) {
        await arrivals.clear(id)
        return hop('forget')
      },
    },
    forget: {
      kind: 'decide',
      async run({ tx, self: { id } }) {
        await forget(tx, id)
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

async function forget(tx: Transaction, id: SnapshotId): Promise<void> {
  await removeTags(tx, id, [])
  await tx.db.deleteFrom('snapshotShares').where('snapshotId', '=', id).execute()
  await tx.db.deleteFrom('snapshots').where('id', '=', id).execute()
}

async function change(tx: Transaction, id: SnapshotId, columns: Partial<SnapshotRow>): Promise<void> {
  await tx.db.updateTable('snapshots').set(columns).where('id', '=', id).execute()
}
