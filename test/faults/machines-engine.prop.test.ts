import { setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import { type Kysely, sql } from 'kysely'
import { expect, test } from 'vitest'
import { FakeClock } from '../../src/base/clock.ts'
import { Retry } from '../../src/base/fault.ts'
import { migrations } from '../../src/store/migrations/all.ts'
import { openStore } from '../../src/store/open.ts'
import type { Store, Transaction } from '../../src/store/store.ts'
import { destroy, signal, startStrand } from '../../src/strand/calls.ts'
import { bind, machine } from '../../src/strand/machine.ts'
import { done, hop, nap } from '../../src/strand/outcome.ts'
import { MortalProcess } from './machines-process.ts'

/** Where effects take time, sometimes fail, and must not meet another effect on the same subject. */
class Site {
  readonly built = new Set<string>()
  readonly collisions: string[] = []
  readonly #busy = new Set<string>()
  #calls = 0

  readonly build = (id: string) => this.#alone(id, () => this.built.add(id))
  readonly clear = (id: string) => this.#alone(id, () => this.built.delete(id))
  /** Whoever worked here is gone, wherever it was. */
  abandon(): void {
    this.#busy.clear()
  }

  async #alone(id: string, effect: () => void): Promise<void> {
    if (this.#busy.has(id)) this.collisions.push(id)
    this.#busy.add(id)
    await turn()
    effect()
    await turn()
    this.#busy.delete(id)
    if (++this.#calls % 4 === 0) throw new Retry('the effect is there, but nobody was told')
  }
}

const write = (tx: Transaction, subject: string, step: string) =>
  sql`insert into history (subject, step) values (${subject}, ${step})`.execute(tx.db)

const worker = machine<{ id: string }, undefined, { site: Site }>()('worker', {
  start: 'wait',
  teardown: 'clear',
  steps: {
    wait: {
      kind: 'decide',
      async run({ tx, subject, signals }) {
        await write(tx, subject, 'wait')
        return signals.take('go') ? hop('build') : nap()
      },
    },
    build: {
      kind: 'act',
      interrupt: { on: ['hurry'], to: 'check' },
      async run({ self, site }) {
        await site.build(self.id)
        return hop('check')
      },
    },
    check: {
      kind: 'decide',
      async run({ tx, subject, signals, deadline, now }) {
        await write(tx, subject, 'check')
        if (signals.take('late')) return hop('clear')
        if (signals.take('ok')) return hop('rest')
        if (signals.take('hurry')) return hop('build')
        await deadline('late', new Date(now.getTime() + 20_000))
        return nap(5_000)
      },
    },
    rest: {
      kind: 'decide',
      async run({ tx, subject, signals }) {
        await write(tx, subject, 'rest')
        return signals.take('go') ? hop('build') : nap()
      },
    },
    clear: {
      kind: 'act',
      async run({ self, site }) {
        await site.clear(self.id)
        return hop('end')
      },
    },
    end: {
      kind: 'decide',
      async run({ tx, subject }) {
        await write(tx, subject, 'end')
        return done()
      },
    },
  },
})

/** Which decisions may follow each other. */
const next: Readonly<Record<string, readonly string[]>> = {
  '': ['wait', 'end'],
  wait: ['wait', 'check', 'end'],
  check: ['check', 'rest', 'end'],
  rest: ['rest', 'check', 'end'],
  end: [],
}

const subjects = ['a', 'b', 'c'] as const
const command = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('signal'),
      to: fc.constantFrom(...subjects),
      name: fc.constantFrom('go', 'ok', 'hurry'),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('destroy'), to: fc.constantFrom(...subjects) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('turns'), count: fc.integer({ min: 1, max: 30 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('advance'), ms: fc.integer({ min: 1, max: 15_000 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('crash', 'restart') }) },
)
type Command = { do: string; to?: string; name?: string; count?: number; ms?: number }

const history = {
  id: '9999-history',
  async up(db: Kysely<unknown>) {
    await sql`create table history (number integer primary key, subject text not null, step text not null)`.execute(db)
  },
}

test('whatever comes between, strands walk only legal paths, lose no signal and end in teardown', async () => {
  const commands = fc.array(command as fc.Arbitrary<Command>, { minLength: 5, maxLength: 60 })
  await fc.assert(fc.asyncProperty(commands, live), { numRuns: 60 })
}, 120_000)

async function live(commands: readonly Command[]): Promise<void> {
  const store = await openStore(':memory:', { migrations: [...migrations, history] })
  const life = new Life(store)
  try {
    await store.transact(async (tx) => {
      for (const subject of subjects) await startStrand(tx, worker, subject)
    })
    await life.begin()
    for (const it of commands) await life.obey(it)
    await life.expectSignalsHeard()
    await life.expectTeardown()
    await life.expectLegalPaths()
  } finally {
    await life.end()
    await store.close()
  }
}

class Life {
  readonly #store: Store
  readonly #clock = new FakeClock()
  readonly #site = new Site()
  #process: MortalProcess | undefined
  #processes = 0

  constructor(store: Store) {
    this.#store = store
  }

  async begin(): Promise<void> {
    const machines = [bind(worker, { site: this.#site })]
    this.#process = new MortalProcess(this.#store, this.#clock, `${this.#processes++}`, machines, {})
    await this.#process.engine.start()
  }

  async end(): Promise<void> {
    await this.#process?.engine.stop()
    this.#site.abandon()
  }

  async obey(it: Command): Promise<void> {
    if (it.do === 'signal') await this.#store.transact((tx) => signal(tx, it.to ?? '', it.name ?? ''))
    if (it.do === 'destroy') await this.#store.transact((tx) => destroy(tx, it.to ?? ''))
    if (it.do === 'advance') await this.#clock.advance(it.ms ?? 0)
    if (it.do === 'crash') this.#process?.kill()
    if (it.do === 'crash' || it.do === 'restart') {
      await this.end()
      await this.begin()
    }
    for (let turns = 0; turns < (it.count ?? 0); turns++) await turn()
  }

  /** Nobody waits for a signal that is there. */
  async expectSignalsHeard(): Promise<void> {
    await this.#settle(10_000)
    for (const subject of subjects) await this.#store.transact((tx) => signal(tx, subject, 'go'))
    await this.#settle(10_000)
    const unheard = await this.#store.read((it) =>
      it.db
        .selectFrom('signals')
        .innerJoin('strands', 'strands.subject', 'signals.subject')
        .select('signals.subject')
        .where('signals.name', '=', 'go')
        .where('strands.step', 'in', ['wait', 'rest'])
        .execute(),
    )
    expect(unheard).toEqual([])
  }

  async expectTeardown(): Promise<void> {
    for (const subject of subjects) await this.#store.transact((tx) => destroy(tx, subject))
    await this.#settle(600_000)
    const counts = await this.#store.read((it) =>
      Promise.all(
        (['strands', 'signals', 'deadlines'] as const).map((table) => it.db.selectFrom(table).selectAll().execute()),
      ),
    )
    expect(counts).toEqual([[], [], []])
    expect([...this.#site.built]).toEqual([])
    expect(this.#site.collisions).toEqual([])
  }

  async expectLegalPaths(): Promise<void> {
    const { rows } = await this.#store.read((it) =>
      sql<{ subject: string; step: string }>`select subject, step from history order by number`.execute(it.db),
    )
    for (const subject of subjects) {
      let at = ''
      for (const { step } of rows.filter((row) => row.subject === subject)) {
        expect(next[at], `${subject} went from ${at} to ${step}`).toContain(step)
        at = step
      }
      expect(at).toBe('end')
    }
  }

  /** Lets pass what is due within so many milliseconds. */
  async #settle(ms: number): Promise<void> {
    const end = this.#clock.now().getTime() + ms
    for (;;) {
      const due = await this.#process?.engine.idle()
      if (!due || due.getTime() > end) return
      await this.#clock.advance(due.getTime() - this.#clock.now().getTime())
    }
  }
}
