/**
 * An image whose root is a volume. One that is made of a running instance waits until the guest is off, if it shall be, takes its
 * snapshots, lets it come back, and waits until they are complete.
 *
 *     quiet --> freeze --> frozen --> thaw --> copy --> rest ··> release --> forget
 *       \_________\__________\                  /^      (waits for its last instance)
 *                             \--> abandon ----/
 */
import type { ImageId, SnapshotId } from '../../model/ids.ts'
import type { Transaction } from '../../store/store.ts'
import type { DomainFactRow, ImageRow, InstanceRow } from '../../store/tables/resources.ts'
import type { SnapshotRow } from '../../store/tables/volumes.ts'
import { destroy } from '../../strand/calls.ts'
import { machine } from '../../strand/machine.ts'
import { done, hop, nap } from '../../strand/outcome.ts'
import { areFrozen } from '../snapshots/frozen.ts'
import { letReboot, sourcesOf, takeSnapshots } from './ebs-sources.ts'
import { forgetImage } from './forget.ts'

interface Self {
  readonly image: ImageRow
  readonly instance: InstanceRow | undefined
  readonly domain: DomainFactRow | undefined
  /** Those of its snapshots that are there. */
  readonly snapshots: readonly SnapshotRow[]
}

interface Payload {
  /** The reboot that is held for it. */
  readonly hold?: number
}

/** A guest goes off within its grace period, and volumes are frozen at once: who waits longer waits for a host that is away. */
const quietMs = 5 * 60_000
const lookAgainMs = 30_000
/** Hints come when facts change; nothing depends on them. */
const lookSoonMs = 1_000

export const ebsImageMachine = machine<Self, Payload>()('ebs-image', {
  start: 'quiet',
  teardown: 'release',
  load,
  steps: {
    quiet: {
      kind: 'decide',
      async run({ self, payload, signals, deadline, now }) {
        if (self.image.state !== 'pending') return hop('rest')
        if (isQuiet(self, payload.hold)) return hop('freeze')
        if (signals.take('overdue')) return hop('abandon')
        await deadline('overdue', new Date(self.image.createdAt + quietMs))
        return nap(new Date(now.getTime() + lookSoonMs))
      },
    },
    freeze: {
      kind: 'decide',
      run: async ({ tx, self, now }) => hop((await takeSnapshots({ tx, now }, self.image.id)) ? 'frozen' : 'abandon'),
    },
    frozen: {
      kind: 'decide',
      async run({ tx, self, signals, deadline, now }) {
        const ids = sourcesOf(self.image).map((it) => it.snapshot)
        if (await areFrozen(tx, ids)) return hop('thaw')
        if (signals.take('overdue')) return hop('abandon')
        await deadline('overdue', new Date(self.image.createdAt + 2 * quietMs))
        return nap(new Date(now.getTime() + lookSoonMs))
      },
    },
    thaw: {
      kind: 'decide',
      async run({ tx, self, payload, deadline }) {
        await thaw(tx, self, payload)
        await deadline('overdue', undefined)
        return hop('copy')
      },
    },
    copy: {
      kind: 'decide',
      async run({ tx, self, now }) {
        const wanted = sourcesOf(self.image).length
        const completed = self.snapshots.filter((it) => it.state === 'completed').length
        if (self.snapshots.length < wanted || self.snapshots.some((it) => it.state === 'error')) return hop('abandon')
        if (completed < wanted) return nap(new Date(now.getTime() + lookSoonMs))
        await tx.db.updateTable('images').set({ state: 'available' }).where('id', '=', self.image.id).execute()
        return hop('rest')
      },
    },
    abandon: {
      kind: 'decide',
      async run({ tx, self, payload, deadline }) {
        await thaw(tx, self, payload)
        await deadline('overdue', undefined)
        for (const { id } of self.snapshots) await destroy(tx, id)
        await tx.db.updateTable('images').set({ state: 'failed' }).where('id', '=', self.image.id).execute()
        await tx.db
          .updateTable('bundledImages')
          .set({ failure: 'The snapshots of the instance could not be taken' })
          .where('imageId', '=', self.image.id)
          .execute()
        return hop('rest')
      },
    },
    rest: { kind: 'decide', run: async () => nap() },
    release: {
      kind: 'decide',
      async run({ tx, self, payload }) {
        await thaw(tx, self, payload)
        const user = await tx.db
          .selectFrom('instances')
          .select('id')
          .where('imageId', '=', self.image.id)
          .where('state', '!=', 'terminated')
          .executeTakeFirst()
        return user ? nap(lookAgainMs) : hop('forget')
      },
    },
    forget: {
      kind: 'decide',
      async run({ tx, self: { image } }) {
        await forgetImage(tx, image.id)
        return done()
      },
    },
  },
})

/** Whether nothing of the instance writes any more, or nobody asked for that. */
function isQuiet({ instance, domain }: Self, hold: number | undefined): boolean {
  if (hold === undefined || !instance?.hostId) return true
  if (instance.holdReboot !== hold) return true
  if (domain?.state !== 'running') return instance.state !== 'running'
  return (domain.heldReboot ?? 0) >= hold || domain.reboots >= hold
}

async function thaw(tx: Transaction, { instance }: Self, { hold }: Payload): Promise<void> {
  if (instance && hold !== undefined) await letReboot(tx, instance.id, hold)
}

async function load({ db }: Transaction, id: string): Promise<Self | undefined> {
  const image = await db
    .selectFrom('images')
    .selectAll()
    .where('id', '=', id as ImageId)
    .executeTakeFirst()
  if (!image) return undefined
  const instance = image.sourceInstanceId
    ? await db.selectFrom('instances').selectAll().where('id', '=', image.sourceInstanceId).executeTakeFirst()
    : undefined
  const domain = instance
    ? await db.selectFrom('domainFacts').selectAll().where('id', '=', instance.domainId).executeTakeFirst()
    : undefined
  const ids: SnapshotId[] = sourcesOf(image).map((it) => it.snapshot)
  const snapshots = ids.length > 0 ? await db.selectFrom('snapshots').selectAll().where('id', 'in', ids).execute() : []
  return { image, instance, domain, snapshots }
}
