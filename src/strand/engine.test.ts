import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Clock, FakeClock } from '../base/clock.ts'
import { Fault, Retry } from '../base/fault.ts'
import { silentLog } from '../base/log.ts'
import { seededRandom } from '../base/random.ts'
import { openStore } from '../store/open.ts'
import { nextNumber } from '../store/sequences.ts'
import type { Store } from '../store/store.ts'
import { destroy, hasStrand, setDeadline, signal, startStrand } from './calls.ts'
import { Engine, type EngineOptions } from './engine.ts'
import { type BoundMachine, bind, type Machine, machine } from './machine.ts'
import { done, hop, nap } from './outcome.ts'
import { strandOf, troubles } from './rows.ts'

let store: Store
let clock: FakeClock
const engines: Engine[] = []

beforeEach(async () => {
  store = await openStore(':memory:')
  clock = new FakeClock()
})
afterEach(async () => {
  await Promise.all(engines.splice(0).map((it) => it.stop()))
  await store.close()
})

async function engineOf(machines: BoundMachine[], options: Partial<EngineOptions> = {}): Promise<Engine> {
  const random = seededRandom(`${engines.length}`)
  const engine = new Engine({ store, clock, random, log: silentLog, machines, ...options })
  engines.push(engine)
  await engine.start()
  return engine
}

const begin = <Self, Payload, Services>(unbound: Machine<Self, Payload | undefined, Services>, subject = 'x') =>
  store.transact((tx) => startStrand(tx, unbound, subject))
const stepOf = async (subject = 'x') => (await store.read((it) => strandOf(it, subject)))?.step
const call = (name: string, subject = 'x') => store.transact((tx) => signal(tx, subject, name))

const idle = machine()('idle', {
  start: 'rest',
  teardown: 'rest',
  steps: { rest: { kind: 'decide', run: async () => nap() } },
})

describe('a strand', () => {
  test('walks through its steps, hands its payload on, and is forgotten at the end', async () => {
    const seen: unknown[] = []
    const walk = machine<{ id: string }, string | undefined>()('walk', {
      start: 'one',
      teardown: 'three',
      steps: {
        one: { kind: 'decide', run: async () => hop('two', 'from one') },
        two: {
          kind: 'act',
          async run({ payload, self }) {
            seen.push(payload, self.id)
            return hop('three', 'from two')
          },
        },
        three: {
          kind: 'decide',
          async run({ payload }) {
            seen.push(payload)
            return done()
          },
        },
      },
    })
    const engine = await engineOf([bind(walk, {})])
    await begin(walk)
    expect(await engine.idle()).toBeNull()
    expect(seen).toEqual(['from one', 'x', 'from two'])
    expect(await store.read((it) => hasStrand(it, 'x'))).toBe(false)
  })

  test('naps until its time, without being run before', async () => {
    let runs = 0
    const sleepy = machine()('sleepy', {
      start: 'sleep',
      teardown: 'sleep',
      steps: { sleep: { kind: 'decide', run: async () => (++runs === 1 ? nap(60_000) : done()) } },
    })
    const engine = await engineOf([bind(sleepy, {})])
    await begin(sleepy)
    expect(await engine.idle()).toEqual(new Date('2026-01-01T00:01:00.000Z'))
    await clock.advance(59_999)
    await engine.idle()
    expect(runs).toBe(1)
    await clock.advance(1)
    await engine.idle()
    expect(runs).toBe(2)
  })

  test('wakes for a signal, which stays pending until a step takes it', async () => {
    const seen: string[] = []
    const listener = machine()('listener', {
      start: 'listen',
      teardown: 'listen',
      steps: {
        listen: {
          kind: 'decide',
          async run({ signals }) {
            seen.push(`${signals.has('keep')} ${signals.take('once')}`)
            return nap()
          },
        },
      },
    })
    const engine = await engineOf([bind(listener, {})])
    await begin(listener)
    await engine.idle()
    for (const name of ['keep', 'once', 'other']) {
      await call(name)
      await engine.idle()
    }
    expect(seen).toEqual(['false false', 'true false', 'true true', 'true false'])
    expect(await call('keep', 'nobody')).toBe(false)
  })

  test('has one strand at a time', async () => {
    await begin(idle)
    await expect(begin(idle)).rejects.toThrow(Fault)
  })

  test('hears of a deadline, unless it was removed', async () => {
    const heard: string[] = []
    const waiter = machine()('waiter', {
      start: 'wait',
      teardown: 'wait',
      steps: {
        wait: {
          kind: 'decide',
          async run({ signals, deadline, now }) {
            for (const name of ['late', 'never']) if (signals.take(name)) heard.push(`${name} ${now.toISOString()}`)
            if (heard.length === 0) await deadline('late', new Date(now.getTime() + 5_000))
            return nap()
          },
        },
      },
    })
    const engine = await engineOf([bind(waiter, {})])
    await begin(waiter)
    await engine.idle()
    await store.transact((tx) => setDeadline(tx, 'x', 'never', new Date(clock.now().getTime() + 1_000)))
    await store.transact((tx) => setDeadline(tx, 'x', 'never', undefined))
    expect(await engine.idle()).toEqual(new Date('2026-01-01T00:00:05.000Z'))
    await clock.advance(5_000)
    await engine.idle()
    expect(heard).toEqual(['late 2026-01-01T00:00:05.000Z'])
  })
})

describe('a step that fails', () => {
  test('is tried again with growing pauses, is visible meanwhile, and forgotten when it works', async () => {
    let attempts = 0
    const flaky = machine()('flaky', {
      start: 'try',
      teardown: 'rest',
      steps: {
        try: {
          kind: 'act',
          async run() {
            if (++attempts < 6) throw attempts % 2 ? new Retry('busy', 100) : new Fault('broken', { cause: 'deeply' })
            return hop('rest')
          },
        },
        rest: { kind: 'decide', run: async () => nap() },
      },
    })
    const engine = await engineOf([bind(flaky, {})])
    await begin(flaky)
    const pauses: number[] = []
    for (let next = await engine.idle(); next; next = await engine.idle()) {
      pauses.push(next.getTime() - clock.now().getTime())
      if (pauses.length === 2)
        expect(await store.read(troubles)).toMatchObject([
          { subject: 'x', step: 'try', attempts: 2, message: 'broken: deeply' },
        ])
      await clock.advance(next.getTime() - clock.now().getTime())
    }
    expect(attempts).toBe(6)
    expect(
      pauses.map(
        (ms, index) => ms > 2 ** index * (index % 2 ? 500 : 50) && ms <= 2 ** index * (index % 2 ? 1000 : 100),
      ),
    ).not.toContain(false)
    expect(await store.read(troubles)).toEqual([])
  })

  test('writes nothing if it decides, and does not stop the others', async () => {
    const broken = machine()('broken', {
      start: 'decide',
      teardown: 'decide',
      steps: {
        decide: {
          kind: 'decide',
          async run({ tx }) {
            await nextNumber(tx, 'written')
            throw new Error('wrong')
          },
        },
      },
    })
    const engine = await engineOf([bind(broken, {}), bind(idle, {})])
    await begin(broken)
    await begin(idle, 'y')
    await engine.idle()
    expect(await store.read(troubles)).toMatchObject([{ subject: 'x', attempts: 1, message: 'wrong' }])
    expect(await store.read((it) => it.db.selectFrom('sequences').selectAll().execute())).toEqual([])
    expect((await store.read((it) => strandOf(it, 'y')))?.wakeAt).toBeNull()
  })

  test('gives up where its machine says so, and says why', async () => {
    let reason: string | undefined
    const hopeless = machine()('hopeless', {
      start: 'try',
      teardown: 'end',
      steps: {
        try: { kind: 'act', giveUp: { after: 3, to: 'end' }, run: () => Promise.reject(new Retry('full')) },
        end: {
          kind: 'decide',
          async run({ trouble }) {
            reason = trouble
            return done()
          },
        },
      },
    })
    const engine = await engineOf([bind(hopeless, {})])
    await begin(hopeless)
    for (let next = await engine.idle(); next; next = await engine.idle())
      await clock.advance(next.getTime() - clock.now().getTime())
    expect(reason).toBe('full')
  })

  test('of an unknown machine or step is visible trouble, not a loss', async () => {
    await begin(idle)
    const engine = await engineOf([])
    await engine.idle()
    expect(await store.read(troubles)).toMatchObject([{ message: 'there is no machine idle' }])
    await store.transact((tx) => destroy(tx, 'x'))
    await engine.idle()
    expect(await store.read(troubles)).toMatchObject([{ attempts: 2 }])
  })
})

/** An act that lasts until it is aborted or `finish` is called. */
function longActs() {
  const started: string[] = []
  const ended: string[] = []
  const waiting: (() => void)[] = []
  const { promise: begun, resolve: onBegin } = Promise.withResolvers<void>()
  const long = machine()('long', {
    start: 'act',
    teardown: 'clean',
    steps: {
      act: {
        kind: 'act',
        interrupt: { on: ['hurry'], to: 'hurried' },
        async run({ subject, abort }) {
          started.push(subject)
          onBegin()
          await new Promise<void>((resolve, reject) => {
            waiting.push(resolve)
            abort.addEventListener('abort', () => reject(abort.reason))
          }).finally(() => ended.push(subject))
          return hop('hurried')
        },
      },
      hurried: { kind: 'decide', run: async () => nap() },
      clean: { kind: 'act', run: async () => hop('gone') },
      gone: { kind: 'decide', run: async () => done() },
    },
  })
  const finish = (most = waiting.length) => {
    for (const end of waiting.splice(0, most)) end()
  }
  return { long, started, ended, begun, finish }
}

describe('an act under way', () => {
  test('is aborted by teardown, which then runs', async () => {
    const { long, begun } = longActs()
    const engine = await engineOf([bind(long, {})])
    await begin(long)
    await begun
    await store.transact((tx) => destroy(tx, 'x'))
    await engine.idle()
    expect(await store.read((it) => hasStrand(it, 'x'))).toBe(false)
  })

  test('is aborted by a signal that its step names, and by no other', async () => {
    const { long, begun, started } = longActs()
    const engine = await engineOf([bind(long, {})])
    await begin(long)
    await begun
    await call('whatever')
    await call('hurry')
    await engine.idle()
    expect(await stepOf()).toBe('hurried')
    expect(started).toEqual(['x'])
  })

  test('cannot escape teardown by ending at the same moment', async () => {
    let cleaned = false
    const ends = machine()('ends', {
      start: 'act',
      teardown: 'clean',
      steps: {
        act: {
          kind: 'act',
          async run({ subject }) {
            await store.transact((tx) => destroy(tx, subject))
            return done()
          },
        },
        clean: {
          kind: 'decide',
          async run() {
            cleaned = true
            return done()
          },
        },
      },
    })
    const engine = await engineOf([bind(ends, {})])
    await begin(ends)
    await engine.idle()
    expect(cleaned).toBe(true)
  })

  test('does not nap over a signal that came while it ran', async () => {
    let runs = 0
    const naps = machine()('naps', {
      start: 'act',
      teardown: 'act',
      steps: {
        act: {
          kind: 'act',
          async run({ subject }) {
            if (++runs === 1) await call('news', subject)
            return nap()
          },
        },
      },
    })
    const engine = await engineOf([bind(naps, {})])
    await begin(naps)
    await engine.idle()
    expect(runs).toBe(2)
  })

  test('is aborted and begun again when the engine is replaced', async () => {
    const { long, begun, started, finish } = longActs()
    const first = await engineOf([bind(long, {})])
    await begin(long)
    await begun
    await first.stop()
    expect(await store.read(troubles)).toEqual([])
    const second = await engineOf([bind(long, {})])
    await expect.poll(() => started.length).toBe(2)
    finish()
    await second.idle()
    expect(await stepOf()).toBe('hurried')
  })

  test('waits for one of a limited number of seats', async () => {
    const { long, started, finish } = longActs()
    const engine = await engineOf([bind(long, {})], { acts: 3 })
    for (const subject of ['a', 'b', 'c', 'd', 'e']) await begin(long, subject)
    await expect.poll(() => started.length).toBe(3)
    finish()
    await expect.poll(() => started.length).toBe(5)
    finish()
    await engine.idle()
    expect(started.sort()).toEqual(['a', 'b', 'c', 'd', 'e'])
  })
})

describe('two engines on one database', () => {
  const shared = { alone: false, leaseMs: 30_000 }
  /** Lets time pass, and both engines do what it brings. */
  const pass = async (ms: number) => {
    await clock.advance(ms)
    for (let turns = 0; turns < 20; turns++) await turn()
  }

  test('never run a strand at once, as long as its holder lives', async () => {
    const { long, started, finish } = longActs()
    await engineOf([bind(long, {})], shared)
    const second = await engineOf([bind(long, {})], shared)
    await begin(long)
    await expect.poll(() => started.length).toBe(1)
    for (let i = 0; i < 20; i++) await pass(5_000)
    expect(started).toEqual(['x'])
    finish()
    await second.idle()
    expect(await stepOf()).toBe('hurried')
  })

  test('take over from each other when a lease ends, and the first holder can no longer write', async () => {
    const { long, started, finish } = longActs()
    const deaf = { ...clock, now: () => clock.now(), sleep: () => new Promise<void>(() => {}) }
    const first = new Engine({
      store,
      clock: deaf,
      random: seededRandom('first'),
      log: silentLog,
      machines: [bind(long, {})],
      ...shared,
    })
    await first.start()
    await begin(long)
    await expect.poll(() => started.length).toBe(1)
    await engineOf([bind(long, {})], shared)
    for (let i = 0; i < 5; i++) await pass(10_000)
    await expect.poll(() => started.length).toBe(2)
    finish(1)
    await pass(1)
    expect(await stepOf()).toBe('act')
    finish()
    await expect.poll(() => stepOf()).toBe('hurried')
  })

  test('abort what another has taken over, when they wake after standing still', async () => {
    const { long, started, ended } = longActs()
    const { promise: stillness, resolve: wake } = Promise.withResolvers<void>()
    const stalled: Clock = { now: () => clock.now(), sleep: () => stillness }
    const first = await engineOf([bind(long, {})], { ...shared, clock: stalled })
    await begin(long)
    await expect.poll(() => started.length).toBe(1)
    await engineOf([bind(long, {})], shared)
    for (let i = 0; i < 5; i++) await pass(10_000)
    await expect.poll(() => started.length).toBe(2)
    expect(ended).toEqual([])
    stalled.sleep = (ms, abort) => clock.sleep(ms, abort)
    wake()
    await expect.poll(() => ended).toEqual(['x'])
    await first.stop()
  })
})

test('thousands of strands that nap cost no wake-ups', async () => {
  const engine = await engineOf([bind(idle, {})])
  for (let batch = 0; batch < 2_000; batch += 500)
    await Promise.all(Array.from({ length: 500 }, (_, index) => begin(idle, `s${batch + index}`)))
  expect(await engine.idle()).toBeNull()
  await call('go', 's7')
  expect(await engine.idle()).toBeNull()
})
