import { expect, test } from 'vitest'
import { bind, machine } from './machine.ts'
import { done, hop, nap } from './outcome.ts'

interface Services {
  make(id: string): Promise<string>
}

const thing = machine<{ id: string }, { made?: string }, Services>()('thing', {
  start: 'place',
  teardown: 'release',
  steps: {
    place: {
      kind: 'decide',
      async run({ signals }) {
        if (signals.take('go')) return hop('make')
        return nap(1_000)
      },
    },
    make: {
      kind: 'act',
      giveUp: { after: 3, to: 'release' },
      async run({ self, make }) {
        return hop('release', { made: await make(self.id) })
      },
    },
    release: { kind: 'decide', run: async () => done() },
  },
})

test('a machine knows its steps', () => {
  expect(Object.keys(thing.steps)).toEqual(['place', 'make', 'release'])
  expect(bind(thing, { make: async (id) => id }).machine.name).toBe('thing')
})

test('the compiler refuses steps that do not exist', () => {
  machine()('wrong', {
    start: 'one',
    // @ts-expect-error There is no such step.
    teardown: 'three',
    steps: {
      // @ts-expect-error There is no such step.
      one: { kind: 'decide', run: async () => hop('two') },
    },
  })
})

test('the compiler refuses a payload of another kind, and a subject that nobody loads', () => {
  machine<{ id: string }, { made: string }>()('wrong', {
    start: 'one',
    teardown: 'one',
    // @ts-expect-error The payload is no number.
    steps: { one: { kind: 'decide', run: async () => hop('one', 7) } },
  })
  // @ts-expect-error There is no `load`.
  machine<{ size: number }>()('wrong', {
    start: 'one',
    teardown: 'one',
    steps: { one: { kind: 'decide', run: async () => done() } },
  })
})
