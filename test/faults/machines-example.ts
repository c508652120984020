import { Fault } from '../../src/base/fault.ts'
import { machine } from '../../src/strand/machine.ts'
import { done, hop, nap } from '../../src/strand/outcome.ts'

/** An outside world of things and their parts, with names that derive from ids. */
export class FakeWorld {
  readonly things = new Map<string, { parts: Set<string>; ready: boolean }>()

  readonly make = async (id: string): Promise<void> => {
    if (!this.things.has(id)) this.things.set(id, { parts: new Set(), ready: false })
  }
  readonly attach = async (id: string, part: string): Promise<void> => {
    const thing = this.things.get(id)
    if (!thing) throw new Fault(`there is no ${id}`)
    thing.parts.add(part)
  }
  readonly detach = async (id: string, part: string): Promise<void> => {
    this.things.get(id)?.parts.delete(part)
  }
  readonly remove = async (id: string): Promise<void> => {
    if (this.things.get(id)?.parts.size) throw new Fault(`${id} still has parts`)
    this.things.delete(id)
  }
}

/**
 *     place ─▶ make ─▶ settle (naps until the world says that the thing is ready)
 *                         └─▶ rest
 *     anywhere ─▶ detach ─▶ remove ─▶ forget
 */
export const thing = machine<{ id: string }, { parts: string[] } | undefined, { world: FakeWorld }>()('thing', {
  start: 'place',
  teardown: 'detach',
  steps: {
    place: { kind: 'decide', run: async () => hop('make', { parts: ['left', 'right'] }) },
    make: {
      kind: 'act',
      async run({ self, payload, world }) {
        await world.make(self.id)
        for (const part of payload?.parts ?? []) await world.attach(self.id, part)
        return hop('settle')
      },
    },
    settle: { kind: 'decide', run: async ({ signals }) => (signals.take('ready') ? hop('rest') : nap(30_000)) },
    rest: { kind: 'decide', run: async () => nap() },
    detach: {
      kind: 'act',
      async run({ self, world }) {
        for (const part of ['left', 'right']) await world.detach(self.id, part)
        return hop('remove')
      },
    },
    remove: {
      kind: 'act',
      async run({ self, world }) {
        await world.remove(self.id)
        return hop('forget')
      },
    },
    forget: { kind: 'decide', run: async () => done() },
  },
})
