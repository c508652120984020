import { describe, expect, test } from 'vitest'
import { Fault } from '../../src/base/fault.ts'
import { signal, startStrand } from '../../src/strand/calls.ts'
import { bind, type Machine } from '../../src/strand/machine.ts'
import { hop } from '../../src/strand/outcome.ts'
import { strandOf } from '../../src/strand/rows.ts'
import { faultsOf, type Scenario, trialsOf } from './machines.ts'
import { FakeWorld, thing } from './machines-example.ts'

const things = (
  thing: Machine<{ id: string }, { parts: string[] } | undefined, { world: FakeWorld }>,
): Scenario<FakeWorld> => ({
  world: () => new FakeWorld(),
  machines: (world) => [bind(thing, { world })],
  async begin(store) {
    await store.transact((tx) => startStrand(tx, thing, 'x'))
    return 'x'
  },
  async react(store, world) {
    if (world.things.has('x') && (await store.read((it) => strandOf(it, 'x')))?.step === 'settle')
      await store.transact((tx) => signal(tx, 'x', 'ready'))
  },
  async created(store, world) {
    expect([...(world.things.get('x')?.parts ?? [])].sort()).toEqual(['left', 'right'])
    expect((await store.read((it) => strandOf(it, 'x')))?.step).toBe('rest')
  },
  gone(_store, world) {
    expect(world.things.size).toBe(0)
  },
})

faultsOf('a thing and its parts', things(thing))

/** The names of the trials that `steps`, put in the place of the example's, do not survive. */
async function failuresWith(steps: Partial<(typeof thing)['steps']>): Promise<string[]> {
  const failed: string[] = []
  for (const { name, run } of trialsOf(things({ ...thing, steps: { ...thing.steps, ...steps } as typeof thing.steps })))
    await run().catch(() => failed.push(name))
  return failed
}

describe('the trials notice', () => {
  test('an effect that must not run twice', async () => {
    const failed = await failuresWith({
      make: {
        kind: 'act',
        giveUp: { after: 3, to: 'detach' },
        async run({ self, world }) {
          if (world.things.has(self.id)) throw new Fault('it is there already')
          await world.make(self.id)
          for (const part of ['left', 'right']) await world.attach(self.id, part)
          return hop('settle')
        },
      },
    })
    expect(failed).toContain('make: it runs twice')
    expect(failed).toContain('make: the process dies before the commit')
    expect(failed).not.toContain('make: the process dies after the commit')
  })

  test('a teardown that leaves something behind', async () => {
    expect(await failuresWith({ remove: { kind: 'decide', run: async () => hop('forget') } })).toContain(
      'make: it runs twice',
    )
  })

  test('a teardown that works only after a complete creation', async () => {
    const failed = await failuresWith({
      detach: {
        kind: 'act',
        giveUp: { after: 3, to: 'forget' },
        async run({ self, world }) {
          if (world.things.get(self.id)?.parts.size !== 2) throw new Fault('there is something missing')
          for (const part of ['left', 'right']) await world.detach(self.id, part)
          return hop('remove')
        },
      },
    })
    expect(failed).toContain('make: each call is overtaken by teardown after its effect')
    expect(failed).toContain('detach: each call fails after its effect')
    expect(failed).not.toContain('settle: teardown is asked for')
  })

  test('an act that writes down what it did not do', async () => {
    const failed = await failuresWith({
      make: {
        kind: 'act',
        async run({ self, world }) {
          await world.make(self.id).catch(() => {})
          for (const part of ['left', 'right']) await world.attach(self.id, part).catch(() => {})
          return hop('settle')
        },
      },
    })
    expect(failed).toContain('make: each call fails before its effect')
  })
})
