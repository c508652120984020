/**
 * The life of an attachment: a volume is first served to the instance's domain, then plugged into it; taken from it, then served
 * no more. While the instance has no domain it is attached by word alone.
 *
 *     serve --> plug --> rest --> unplug --> let-go --> withdraw --> (forgotten)
 *        \_______\________________^
 */
import { isDeepStrictEqual } from 'node:util'
import type { PluggedFact } from '../../host-api/facts.ts'
import type { DomainId } from '../../model/ids.ts'
import type { Transaction } from '../../store/store.ts'
import type { DomainFactRow, HostRow, InstanceRow } from '../../store/tables/resources.ts'
import type { AttachmentRow, VolumeFactRow, VolumeRow } from '../../store/tables/volumes.ts'
import { destroy, signal } from '../../strand/calls.ts'
import { machine } from '../../strand/machine.ts'
import { done, hop, nap } from '../../strand/outcome.ts'
import { isOverOn } from '../hosts/heard.ts'
import { wish } from '../hosts/wishes.ts'

export interface ObservedAttachment {
  readonly id: AttachmentRow['id']
  readonly row: AttachmentRow
  readonly volume: VolumeRow
  readonly instance: InstanceRow
  /** What is known of the instance's domain, and of the volume, and of their hosts. */
  readonly domain: DomainFactRow | undefined
  readonly served: VolumeFactRow | undefined
  readonly domainHost: HostRow | undefined
  readonly volumeHost: HostRow | undefined
}

export const volumeAttachmentMachine = machine<ObservedAttachment>()('volume-attachment', {
  start: 'serve',
  teardown: 'unplug',
  load: observe,
  steps: {
    serve: {
      kind: 'decide',
      async run({ tx, self }) {
        if (!self.instance.hostId) {
          await change(tx, self, { state: 'attached', stage: 'plug' })
          return hop('rest')
        }
        if (!isServed(self)) return nap()
        await change(tx, self, { stage: 'plug' })
        await wish(tx, [self.instance.hostId])
        await signal(tx, self.row.instanceId, 'served')
        return hop('plug')
      },
    },
    plug: {
      kind: 'decide',
      async run({ tx, self }) {
        if (self.instance.hostId && !isPlugged(self)) return nap()
        await change(tx, self, { state: 'attached' })
        return hop('rest')
      },
    },
    rest: {
      kind: 'decide',
      run: async () => nap(),
    },
    unplug: {
      kind: 'decide',
      async run({ tx, self }) {
        const host = self.instance.hostId
        const generations = host ? await wish(tx, [host]) : new Map<string, number>()
        await change(tx, self, { state: 'detaching', stage: 'unplug', wishedIn: generations.get(host ?? '') ?? 0 })
        return hop('let-go')
      },
    },
    'let-go': {
      kind: 'decide',
      async run({ tx, self, signals }) {
        if (!isOver(self) && !signals.has('force')) return nap()
        const generations = await wish(tx, [self.volume.hostId])
        await change(tx, self, { stage: 'withdraw', wishedIn: generations.get(self.volume.hostId) ?? 0 })
        return hop('withdraw')
      },
    },
    withdraw: {
      kind: 'decide',
      async run({ tx, self }) {
        if (isServed(self) || !isOverOn(self.volumeHost, self.row.wishedIn)) return nap()
        await tx.db.deleteFrom('attachments').where('id', '=', self.id).execute()
        await signal(tx, self.row.instanceId, 'detached')
        if (self.row.deleteOnTermination === 1 && isEnding(self.instance)) await destroy(tx, self.row.volumeId)
        return done()
      },
    },
  },
})

async function observe(tx: Transaction, id: string): Promise<ObservedAttachment | undefined> {
  const { db } = tx
  const row = await db
    .selectFrom('attachments')
    .selectAll()
    .where('id', '=', id as AttachmentRow['id'])
    .executeTakeFirst()
  if (!row) return undefined
  const volume = await db.selectFrom('volumes').selectAll().where('id', '=', row.volumeId).executeTakeFirstOrThrow()
  const instance = await db
    .selectFrom('instances')
    .selectAll()
    .where('id', '=', row.instanceId)
    .executeTakeFirstOrThrow()
  const ids = [volume.hostId, ...(instance.hostId ? [instance.hostId] : [])]
  const hosts = await db.selectFrom('hosts').selectAll().where('id', 'in', ids).execute()
  return {
    id: row.id,
    row,
    volume,
    instance,
    domain: await db.selectFrom('domainFacts').selectAll().where('id', '=', instance.domainId).executeTakeFirst(),
    served: await db.selectFrom('volumeFacts').selectAll().where('id', '=', row.volumeId).executeTakeFirst(),
    domainHost: hosts.find((it) => it.id === instance.hostId),
    volumeHost: hosts.find((it) => it.id === volume.hostId),
  }
}

function isServed({ served, instance }: ObservedAttachment): boolean {
  return (JSON.parse(served?.domainsJson ?? '[]') as DomainId[]).includes(instance.domainId)
}

function isPlugged(self: ObservedAttachment): boolean {
  const held = heldIn(self)
  return held !== undefined && !held.half
}

/** What the domain has of it: until that is nothing, its server stays. */
function heldIn({ domain, row }: ObservedAttachment): PluggedFact | undefined {
  const plugged = JSON.parse(domain?.pluggedJson ?? '[]') as PluggedFact[]
  return domain?.state === 'running' ? plugged.find((it) => it.volume === row.volumeId) : undefined
}

/** Whether the domain has no hold of it, and will have none. */
function isOver(self: ObservedAttachment): boolean {
  if (!self.instance.hostId) return true
  return isOverOn(self.domainHost, self.row.wishedIn) && heldIn(self) === undefined
}

function isEnding({ state }: InstanceRow): boolean {
  return state === 'shutting-down' || state === 'terminated'
}

async function change(
  tx: Transaction,
  { id, row }: ObservedAttachment,
  columns: Partial<AttachmentRow>,
): Promise<void> {
  if (isDeepStrictEqual({ ...row, ...columns }, { ...row })) return
  await tx.db.updateTable('attachments').set(columns).where('id', '=', id).execute()
}
