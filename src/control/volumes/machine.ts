/**
 * The life of a volume. Whether it is in use is said by its attachments.
 *
 *     make --> rest --> remove --> clear --> (forgotten)
 *        \____/ ^  \_____^
 *              /    \
 *      optimize <-- modify      it is changed, then its guests are told; from both as from rest to remove
 */
import { isDeepStrictEqual } from 'node:util'
import type { VolumeId } from '../../model/ids.ts'
import type { Transaction } from '../../store/store.ts'
import type { HostRow } from '../../store/tables/resources.ts'
import type { VolumeFactRow, VolumeModificationRow, VolumeRow } from '../../store/tables/volumes.ts'
import { machine } from '../../strand/machine.ts'
import { done, hop, nap } from '../../strand/outcome.ts'
import { failedAttempts, hasHeard } from '../hosts/heard.ts'
import { wish } from '../hosts/wishes.ts'
import { removeTags } from '../tags/tags.ts'
import { finish, limitsOfVolume, optimize, undo } from './modify.ts'

export interface ObservedVolume {
  readonly id: VolumeId
  readonly row: VolumeRow
  readonly fact: VolumeFactRow | undefined
  readonly host: HostRow | undefined
  /** The newest change that was asked for. */
  readonly modification: VolumeModificationRow | undefined
}

/** A volume that could not be made so often is in error; it is tried on, and may yet come. */
const makeAttempts = 5
/** A change that fails so often is taken back. */
const modifyAttempts = 5

export const volumeMachine = machine<ObservedVolume>()('volume', {
  start: 'make',
  teardown: 'remove',
  load: observe,
  steps: {
    make: {
      kind: 'decide',
      async run({ tx, self }) {
        if (self.fact?.state === 'ready') {
          await setState(tx, self.id, 'available')
          return hop('rest')
        }
        if (self.fact?.state === 'broken' || failedAttempts(self.host, self.id) >= makeAttempts)
          await setState(tx, self.id, 'error')
        return nap()
      },
    },
    rest: {
      kind: 'decide',
      async run({ tx, self }) {
        if (self.modification?.state === 'modifying') return hop('modify')
        if (!self.fact) return nap() // Its host is lost, and may come back with it.
        const broken = self.fact.state === 'broken'
        if (broken !== (self.row.state === 'error')) await setState(tx, self.id, broken ? 'error' : 'available')
        return nap()
      },
    },
    modify: {
      kind: 'decide',
      async run({ tx, self, now }) {
        if (self.modification?.state !== 'modifying') return hop('rest')
        if (self.fact?.state === 'broken' || failedAttempts(self.host, self.id) >= modifyAttempts) {
          await undo(tx, self.row, self.modification, now)
          return hop('rest')
        }
        if (!isAsWished(self)) return nap()
        await optimize(tx, self.id)
        return hop('optimize')
      },
    },
    optimize: {
      kind: 'decide',
      async run({ tx, self, now }) {
        if (self.modification?.state !== 'optimizing') return hop('rest')
        return (await finish(tx, self.row, self.modification, now)) ? hop('rest') : nap()
      },
    },
    remove: {
      kind: 'decide',
      async run({ tx, self }) {
        const generations = await wish(tx, [self.row.hostId])
        await tx.db
          .updateTable('volumes')
          .set({ state: 'deleting', wishedIn: generations.get(self.row.hostId) ?? 0 })
          .where('id', '=', self.id)
          .execute()
        return hop('clear')
      },
    },
    clear: {
      kind: 'decide',
      async run({ tx, self }) {
        if (self.fact || !hasHeard(self.host, self.row.wishedIn)) return nap()
        await removeTags(tx, self.id, [])
        await tx.db.deleteFrom('volumeModifications').where('volumeId', '=', self.id).execute()
        await tx.db.deleteFrom('volumes').where('id', '=', self.id).execute()
        return done()
      },
    },
  },
})

async function observe(tx: Transaction, id: string): Promise<ObservedVolume | undefined> {
  const row = await tx.db
    .selectFrom('volumes')
    .selectAll()
    .where('id', '=', id as VolumeId)
    .executeTakeFirst()
  if (!row) return undefined
  const fact = await tx.db.selectFrom('volumeFacts').selectAll().where('id', '=', row.id).executeTakeFirst()
  const host = await tx.db.selectFrom('hosts').selectAll().where('id', '=', row.hostId).executeTakeFirst()
  const modification = await tx.db
    .selectFrom('volumeModifications')
    .selectAll()
    .where('volumeId', '=', row.id)
    .executeTakeFirst()
  return { id: row.id, row, fact, host, modification }
}

/** Whether its host has made it what it shall be. */
function isAsWished({ row, fact }: ObservedVolume): boolean {
  if (!fact || fact.sizeMib < row.sizeGib * 1024) return false
  return fact.limitsJson === null || isDeepStrictEqual(JSON.parse(fact.limitsJson), limitsOfVolume(row))
}

async function setState(tx: Transaction, id: VolumeId, state: VolumeRow['state']): Promise<void> {
  await tx.db.updateTable('volumes').set({ state }).where('id', '=', id).execute()
}
