/**
 * The life of an instance. One teardown, from every step. One whose root is a volume may stop and start again: `serve` waits until its
 * volumes can be reached from where it is to run, and its image's files are there.
 *
 *     serve --> boot --> run --> halt --> halting --> put-away --> unplace --> stopped --> serve
 *
 *     boot --> run --> shut-down --> stopping --> keep-console --> release --> clear --> linger --> (forgotten)
 *        \______________^
 */
import type { DomainId, HostId, InstanceId } from '../../model/ids.ts'
import type { StateReasonName } from '../../model/instance-states.ts'
import { rowWhere, updateRows } from '../../store/prepared.ts'
import type { Transaction } from '../../store/store.ts'
import type { DomainFactRow, HostRow, InstanceRow } from '../../store/tables/resources.ts'
import { machine, type Signals } from '../../strand/machine.ts'
import { done, hop, nap } from '../../strand/outcome.ts'
import { detachAll, hasVolumes } from '../attachments/attach.ts'
import { isOverOn } from '../hosts/heard.ts'
import { hostsOfVpc, wish } from '../hosts/wishes.ts'
import { isHere, isImageGone } from '../images/cache.ts'
import { leaveEnded } from '../interfaces/detach.ts'
import { removeTags } from '../tags/tags.ts'
import { areServed, isOnVolume, isVolumeInError, unplace } from './on-volume.ts'
import { volumeHostsOf } from './stop.ts'

/** An instance with what its host last said of its domain. */
export interface ObservedInstance {
  readonly id: InstanceId
  readonly row: InstanceRow
  readonly fact: DomainFactRow | undefined
  readonly host: HostRow | undefined
}

export interface InstanceServices {
  /** The last that the domain wrote to its console. Throws `Retry` while its host is away. */
  readConsole(host: HostId, domain: DomainId, abort: AbortSignal): Promise<Buffer>
}

interface Payload {
  /** BASE64. */
  readonly console?: string
}

/** An instance that is not running by then never will be, unless it still waits for its turn. */
const bootDeadlineMs = 5 * 60_000
const bootAttempts = 5
/** While its host is away nobody knows whether it runs: a host that comes back has this long to say. */
const hostWordMs = 60_000
/** How long a terminated instance is still described. Source: EC2 User Guide, "Terminate your instance": about an hour. */
const lingerMs = 60 * 60_000

export const instanceMachine = machine<ObservedInstance, Payload | undefined, InstanceServices>()('instance', {
  start: 'serve',
  teardown: 'shut-down',
  load: observe,
  steps: {
    serve: {
      kind: 'decide',
      async run({ tx, self }) {
        if (self.row.power === 'on') return hop('boot')
        if (await isVolumeInError(tx, self.id)) {
          await giveReason(tx, self, 'volumeError')
          return hop('shut-down')
        }
        if (await isImageGone(tx, self.row.imageId)) {
          await giveReason(tx, self, 'internalError')
          return hop('shut-down')
        }
        if (!(await areServed(tx, self.row)) || !(await isHere(tx, self.row.imageId))) return nap()
        const wishedIn = await wishOfHost(tx, self)
        await tx.db.updateTable('instances').set({ power: 'on', wishedIn }).where('id', '=', self.id).execute()
        return hop('boot')
      },
    },
    boot: {
      kind: 'decide',
      async run({ tx, self, signals, now, deadline }) {
        signals.take('cut') // Meant the stop before.
        if (self.fact?.state === 'running') {
          const running = { state: 'running', stateReason: null, runningAt: now.getTime() } as const
          await updateRows(tx, 'instances', { id: self.id }, running)
          await deadline('boot-overdue', undefined)
          return hop('run')
        }
        if (self.host?.lost === 1) {
          await giveReason(tx, self, 'lost')
          return hop('shut-down')
        }
        const overdue = signals.take('boot-overdue')
        const waits = self.fact?.state === 'waiting'
        if ((overdue && !waits && !isAway(self)) || hasEnded(self) || failedAttempts(self) >= bootAttempts) {
          await giveReason(tx, self, 'internalError')
          return hop('shut-down')
        }
        await deadline(
          'boot-overdue',
          new Date(
            Math.max(self.row.launchedAt + bootDeadlineMs, now.getTime() + (waits ? bootDeadlineMs : hostWordMs)),
          ),
        )
        return nap()
      },
    },
    run: {
      kind: 'decide',
      async run({ tx, self, signals }) {
        if (signals.take('stop')) return hop('halt')
        if (!hasEnded(self)) return nap()
        const isOff = self.fact?.state === 'off'
        await giveReason(tx, self, isOff ? 'guestShutdown' : 'lost')
        const ends = (isOff && self.row.shutdownBehavior === 'terminate') || !(await isOnVolume(tx, self.row))
        return hop(ends ? 'shut-down' : 'halt')
      },
    },
    halt: {
      kind: 'decide',
      async run({ tx, self, signals }) {
        const wishedIn = await wishOfHost(tx, self)
        await tx.db
          .updateTable('instances')
          .set({ state: 'stopping', power: powerOff(self, signals), wishedIn })
          .where('id', '=', self.id)
          .execute()
        return hop('halting')
      },
    },
    halting: {
      kind: 'decide',
      run: async ({ self, signals }) => (hasEnded(self) ? hop('put-away') : signals.has('cut') ? hop('halt') : nap()),
    },
    'put-away': {
      kind: 'decide',
      async run({ tx, self }) {
        await tx.db.updateTable('instances').set({ power: 'gone' }).where('id', '=', self.id).execute()
        const generations = await wish(tx, [...(await hostsConcerned(tx, self)), ...(await volumeHostsOf(tx, self))])
        const wishedIn = generations.get(self.row.hostId ?? '') ?? 0
        await tx.db.updateTable('instances').set({ wishedIn }).where('id', '=', self.id).execute()
        return hop('unplace')
      },
    },
    unplace: {
      kind: 'decide',
      async run({ tx, self }) {
        if (self.fact || !isOverOn(self.host, self.row.wishedIn)) return nap()
        await unplace(tx, self.id)
        return hop('stopped')
      },
    },
    stopped: {
      kind: 'decide',
      run: async ({ signals }) => (signals.take('start') ? hop('serve') : nap()),
    },
    'shut-down': {
      kind: 'decide',
      async run({ tx, self, deadline, signals }) {
        await deadline('boot-overdue', undefined)
        const wishedIn = await wishOfHost(tx, self)
        await tx.db
          .updateTable('instances')
          .set({ state: 'shutting-down', power: powerOff(self, signals), wishedIn })
          .where('id', '=', self.id)
          .execute()
        return hop('stopping')
      },
    },
    stopping: {
      kind: 'decide',
      run: async ({ self, signals }) =>
        hasEnded(self) ? hop('keep-console') : signals.has('cut') ? hop('shut-down') : nap(),
    },
    'keep-console': {
      kind: 'act',
      giveUp: { after: 3, to: 'release' },
      async run({ self, readConsole, abort }) {
        if (!self.row.hostId || !self.fact) return hop('release')
        const text = await readConsole(self.row.hostId, self.row.domainId, abort)
        return hop('release', { console: text.toString('base64') })
      },
    },
    release: {
      kind: 'decide',
      async run({ tx, self, payload, now }) {
        if (payload?.console) await keepConsole(tx, self.id, payload.console, now)
        await detachAll(tx, self.id)
        await tx.db.updateTable('instances').set({ power: 'gone' }).where('id', '=', self.id).execute()
        const generations = await wish(tx, await hostsConcerned(tx, self))
        const wishedIn = generations.get(self.row.hostId ?? '') ?? 0
        await tx.db.updateTable('instances').set({ wishedIn }).where('id', '=', self.id).execute()
        return hop('clear')
      },
    },
    clear: {
      kind: 'decide',
      async run({ tx, self, now }) {
        if (self.fact || !isOverOn(self.host, self.row.wishedIn) || (await hasVolumes(tx, self.id))) return nap()
        await leaveEnded(tx, self.id)
        await tx.db
          .updateTable('instances')
          .set({ state: 'terminated', hostId: null, terminatedAt: now.getTime() })
          .where('id', '=', self.id)
          .execute()
        return hop('linger')
      },
    },
    linger: {
      kind: 'decide',
      async run({ tx, self, now }) {
        const end = (self.row.terminatedAt ?? 0) + lingerMs
        if (now.getTime() < end) return nap(new Date(end))
        await forget(tx, self)
        return done()
      },
    },
  },
})

/** Who was asked once to pull the plug does not wait for the guest again. */
function powerOff({ row }: ObservedInstance, signals: Signals): 'off' | 'cut' {
  return signals.take('cut') || row.power === 'cut' ? 'cut' : 'off'
}

async function observe(tx: Transaction, id: string): Promise<ObservedInstance | undefined> {
  const row = await rowWhere(tx, 'instances', { id: id as InstanceId })
  if (!row) return undefined
  const fact = await rowWhere(tx, 'domainFacts', { id: row.domainId })
  const host = row.hostId ? await rowWhere(tx, 'hosts', { id: row.hostId }) : undefined
  return { id: row.id, row, fact, host }
}

/** Whether its host cannot be heard, as when the control plane has just begun. */
function isAway({ host }: ObservedInstance): boolean {
  return host?.connected === 0
}

/**
 * Whether its domain is over. One that ran and is no longer reported is gone, whatever took it; one that never ran is
 * still to come, unless the host has heard that it shall not.
 */
function hasEnded(self: ObservedInstance): boolean {
  if (self.fact) return self.fact.state === 'off' || self.fact.state === 'lost'
  return self.row.runningAt !== null || (self.row.power !== 'on' && isOverOn(self.host, self.row.wishedIn))
}

function failedAttempts({ row, host }: ObservedInstance): number {
  const troubles = JSON.parse(host?.troublesJson ?? '[]') as { subject: string; attempts: number }[]
  return troubles.find((it) => it.subject === row.domainId)?.attempts ?? 0
}

/** The first reason stays: what comes after is its consequence. */
async function giveReason(tx: Transaction, { id, row }: ObservedInstance, stateReason: StateReasonName): Promise<void> {
  if (row.state === 'shutting-down') return
  await tx.db.updateTable('instances').set({ stateReason }).where('id', '=', id).execute()
}

async function wishOfHost(tx: Transaction, { row }: ObservedInstance): Promise<number> {
  if (!row.hostId) return 0
  return (await wish(tx, [row.hostId])).get(row.hostId) ?? 0
}

async function hostsConcerned(tx: Transaction, { id, row }: ObservedInstance): Promise<HostId[]> {
  const interfaces = await tx.db
    .selectFrom('interfaces')
    .select('vpcId')
    .distinct()
    .where('instanceId', '=', id)
    .execute()
  const hosts = await Promise.all(interfaces.map((it) => hostsOfVpc(tx, it.vpcId)))
  return [...hosts.flat(), ...(row.hostId ? [row.hostId] : [])]
}

async function keepConsole(tx: Transaction, instanceId: InstanceId, text: string, now: Date): Promise<void> {
  const row = { text, readAt: now.getTime() }
  await tx.db
    .insertInto('consoles')
    .values({ instanceId, ...row })
    .onConflict((it) => it.column('instanceId').doUpdateSet(row))
    .execute()
}

async function forget(tx: Transaction, { id, row }: ObservedInstance): Promise<void> {
  await removeTags(tx, id, [])
  await tx.db.deleteFrom('consoles').where('instanceId', '=', id).execute()
  await tx.db.deleteFrom('instanceBoots').where('instanceId', '=', id).execute()
  await tx.db.deleteFrom('instances').where('id', '=', id).execute()
  const left = await tx.db
    .selectFrom('instances')
    .select('id')
    .where('reservationId', '=', row.reservationId)
    .executeTakeFirst()
  if (!left) await tx.db.deleteFrom('reservations').where('id', '=', row.reservationId).execute()
}
