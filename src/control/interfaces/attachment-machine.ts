/**
 * How an interface comes to a running instance, and leaves it. One that was there at the launch comes this way too, but for
 * the primary one, which is there as long as the instance is.
 *
 *     plug --> hold --> unplug --> leave --> (the interface is alone)
 *        \______________^
 *
 * An interface whose instance has ended is alone, or gone, without this: then there is nothing left to do.
 */
import type { InterfaceId, ResourceId } from '../../model/ids.ts'
import type { Transaction } from '../../store/store.ts'
import type { DomainFactRow, HostRow, InstanceRow, InterfaceRow } from '../../store/tables/resources.ts'
import { machine } from '../../strand/machine.ts'
import { done, hop, nap } from '../../strand/outcome.ts'
import { isOverOn } from '../hosts/heard.ts'
import { wish } from '../hosts/wishes.ts'
import { leaveInstance } from './detach.ts'

/** An attachment with what its instance's host last said. */
export interface ObservedAttachment {
  readonly id: string
  /** Nothing where the attachment is over. */
  readonly nic: InterfaceRow | undefined
  readonly instance: InstanceRow | undefined
  readonly fact: DomainFactRow | undefined
  readonly host: HostRow | undefined
}

interface Payload {
  /** The host's generation in which it was to be unplugged. */
  readonly wishedIn: number
}

export const attachmentMachine = machine<ObservedAttachment, Payload | undefined>()('attachment', {
  start: 'plug',
  teardown: 'unplug',
  load: observe,
  steps: {
    plug: {
      kind: 'decide',
      async run({ tx, self }) {
        if (!self.nic) return done()
        if (!isPlugged(self) && hasMachine(self)) return nap()
        await setState(tx, self.nic, 'attached')
        return hop('hold')
      },
    },
    hold: {
      kind: 'decide',
      run: async ({ self }) => (self.nic ? nap() : done()),
    },
    unplug: {
      kind: 'decide',
      async run({ tx, self }) {
        if (!self.nic) return done()
        await setState(tx, self.nic, 'detaching')
        const hostId = self.instance?.hostId
        const generations = await wish(tx, hostId ? [hostId] : [])
        return hop('leave', { wishedIn: generations.get(hostId ?? '') ?? 0 })
      },
    },
    leave: {
      kind: 'decide',
      async run({ tx, self, payload }) {
        if (!self.nic) return done()
        if (isPlugged(self) || !isOverOn(self.host, payload?.wishedIn ?? 0)) return nap()
        await leaveInstance(tx, self.nic)
        return done()
      },
    },
  },
})

async function observe(tx: Transaction, id: string): Promise<ObservedAttachment> {
  const nic = await tx.db
    .selectFrom('interfaces')
    .selectAll()
    .where('attachmentId', '=', id as ResourceId<'network-interface-attachment'>)
    .executeTakeFirst()
  const instance = nic?.instanceId
    ? await tx.db.selectFrom('instances').selectAll().where('id', '=', nic.instanceId).executeTakeFirst()
    : undefined
  const fact = instance
    ? await tx.db.selectFrom('domainFacts').selectAll().where('id', '=', instance.domainId).executeTakeFirst()
    : undefined
  const host = instance?.hostId
    ? await tx.db.selectFrom('hosts').selectAll().where('id', '=', instance.hostId).executeTakeFirst()
    : undefined
  return { id, nic, instance, fact, host }
}

function isPlugged({ nic, fact }: ObservedAttachment): boolean {
  const vifs = JSON.parse(fact?.vifsJson ?? '[]') as InterfaceId[]
  return nic !== undefined && vifs.includes(nic.id)
}

/** Whether there is, or shall be, a machine to plug it into. */
function hasMachine({ instance }: ObservedAttachment): boolean {
  return instance?.power === 'on'
}

async function setState(
  tx: Transaction,
  { id }: InterfaceRow,
  attachmentState: InterfaceRow['attachmentState'],
): Promise<void> {
  await tx.db.updateTable('interfaces').set({ attachmentState }).where('id', '=', id).execute()
}
