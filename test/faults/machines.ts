import { AsyncLocalStorage } from 'node:async_hooks'
import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { FakeClock } from '../../src/base/clock.ts'
import { Fault, Retry } from '../../src/base/fault.ts'
import { openStore } from '../../src/store/open.ts'
import type { Store } from '../../src/store/store.ts'
import { destroy } from '../../src/strand/calls.ts'
import type { BoundMachine } from '../../src/strand/machine.ts'
import { strandOf } from '../../src/strand/rows.ts'
import { type Hooks, MortalProcess } from './machines-process.ts'

/** How a machine is tried: what is around it, how it begins, and what must be true at the end. */
export interface Scenario<World> {
  /** A new outside world. It outlives the process that acts on it. */
  world(clock: FakeClock): World
  /** The machine first, and others that it needs. Their services must not write to the store. */
  machines(world: World): readonly [BoundMachine, ...BoundMachine[]]
  /** Writes the rows and starts the strand, as an action would. Returns the subject. */
  begin(store: Store, world: World): Promise<string>
  /** What the rest of the cloud does by itself, whenever nothing else moves: hosts report, say. Called often. */
  react?(store: Store, world: World, subject: string): Promise<void>
  /** The steps at which a created thing stays. Default: where the strand naps without a moment, or has ended. */
  readonly restsAt?: readonly string[]
  /** Throws unless the world holds what was to be created. */
  created(store: Store, world: World, subject: string): Promise<void> | void
  /** Asks for teardown. Default: the engine's `destroy`. */
  destroy?(store: Store, world: World, subject: string): Promise<void>
  /** Throws unless the world is as if nothing had been created. */
  gone(store: Store, world: World, subject: string): Promise<void> | void
  /** Steps that this scenario does not reach; another has to. */
  readonly unreached?: readonly string[]
}

type Point = { readonly step: string; readonly call?: number }

/**
 * Declares a test for each step of the scenario's machine and each thing that can befall it: the process dies before or
 * after the step's commit, it runs twice, each of its calls fails, is aborted or dies before and after its effect, and
 * teardown is asked for at every one of these points. Each time the thing must be created in the end, and then be torn
 * down without a trace.
 */
export function faultsOf<World>(name: string, scenario: Scenario<World>): void {
  describe(name, () => {
    for (const { name, run } of trialsOf(scenario)) test(name, run)
  })
}

/** The same as plain functions, which throw where the machine does not hold. */
export function trialsOf<World>(scenario: Scenario<World>): { readonly name: string; run(): Promise<void> }[] {
  const [{ machine }] = scenario.machines(scenario.world(new FakeClock()))
  const calls = new CallCounts(() => new Trial(scenario).record())
  const steps = Object.entries(machine.steps).filter(([step]) => !scenario.unreached?.includes(step))
  return steps.flatMap(([step, { kind }]) => [
    ...Object.entries(faultsOfSteps).map(([what, fault]) => ({
      name: `${step}: ${what}`,
      run: () => new Trial(scenario).run(fault({ step })),
    })),
    ...Object.entries(kind === 'act' ? faultsOfCalls : {}).map(([what, fault]) => ({
      name: `${step}: each call ${what}`,
      async run() {
        for (const call of await calls.of(step)) await new Trial(scenario).run(fault({ step, call }))
      },
    })),
  ])
}

/** What befalls a trial once. `hit` tells that it has. */
interface Misfortune<World = unknown> {
  hit: boolean
  hooks(trial: Trial<World>): Hooks
}

function once<World>(hooks: (trial: Trial<World>, strike: () => boolean) => Hooks): Misfortune<World> {
  const misfortune: Misfortune<World> = {
    hit: false,
    hooks: (trial) =>
      hooks(trial, () => {
        const first = !misfortune.hit
        misfortune.hit = true
        return first
      }),
  }
  return misfortune
}

const diesBeforeCommit = ({ step }: Point) =>
  once((trial, strike) => ({
    beforeCommit: (at) => {
      if (at === step && strike()) trial.process.kill()
    },
  }))

const diesAfterCommit = ({ step }: Point) =>
  once((trial, strike) => ({
    afterCommit: (at) => {
      if (at === step && strike()) trial.process.kill()
    },
  }))

const runsTwice = ({ step }: Point) =>
  once((_trial, strike) => ({
    async aroundStep(at, kind, run) {
      if (at !== step || !strike()) return await run()
      const first = await run()
      if (kind === 'act') return await run()
      throw new Retry(`undoes what ${at} decided: ${first.kind}`)
    },
  }))

/** Teardown is asked for as the step begins. A decision is over before that is heard; an act is deaf and goes on. */
const isDestroyed = ({ step }: Point) =>
  once((trial, strike) => ({
    aroundStep(at, _kind, run) {
      if (at === step && strike()) trial.beginTeardown()
      return run()
    },
  }))

const faultsOfSteps = {
  'the process dies before the commit': diesBeforeCommit,
  'the process dies after the commit': diesAfterCommit,
  'it runs twice': runsTwice,
  'teardown is asked for': isDestroyed,
} as const satisfies Record<string, (point: Point) => Misfortune>

type Blow = (trial: Trial<unknown>) => void
const before = (blow: Blow) => (point: Point) =>
  once((trial, strike) => ({
    beforeCall: (at, number) => {
      if (at === point.step && number === point.call && strike()) blow(trial)
    },
  }))
const after = (blow: Blow) => (point: Point) =>
  once((trial, strike) => ({
    afterCall: (at, number) => {
      if (at === point.step && number === point.call && strike()) blow(trial)
    },
  }))

const fails: Blow = () => {
  throw new Fault('the outside failed')
}
const dies: Blow = (trial) => trial.process.kill()
const stops: Blow = (trial) => {
  trial.stopProcess()
  throw new Retry('aborted')
}
const destroyed: Blow = (trial) => {
  trial.beginTeardown()
  throw new Retry('aborted')
}
const destroyedUnheard: Blow = (trial) => trial.beginTeardown()

const faultsOfCalls = {
  'fails before its effect': before(fails),
  'fails after its effect': after(fails),
  'dies before its effect': before(dies),
  'dies after its effect': after(dies),
  'is aborted before its effect': before(stops),
  'is aborted after its effect': after(stops),
  'is overtaken by teardown before its effect': before(destroyed),
  'is overtaken by teardown after its effect': after(destroyed),
  'does not hear that teardown was asked for': after(destroyedUnheard),
} as const satisfies Record<string, (point: Point) => Misfortune>

/** One life of a thing, from its creation to its end, over as many processes as it takes. */
class Trial<World> {
  readonly #scenario: Scenario<World>
  readonly #clock = new FakeClock()
  readonly #world: World
  /** Where no transaction is under way, whoever calls. */
  readonly #outside = AsyncLocalStorage.snapshot()
  #store: Store | undefined
  #process: MortalProcess | undefined
  #subject = ''
  #processes = 0
  #stopped: Promise<void> | undefined
  #tearingDown: Promise<void> | undefined

  constructor(scenario: Scenario<World>) {
    this.#scenario = scenario
    this.#world = scenario.world(this.#clock)
  }

  get process(): MortalProcess {
    if (!this.#process) throw new Fault('no process has begun')
    return this.#process
  }

  async run(misfortune: Misfortune): Promise<void> {
    await this.#live((trial) => misfortune.hooks(trial as Trial<unknown>))
    expect(misfortune.hit, 'the scenario does not come to this point: list the step as `unreached`').toBe(true)
  }

  /** How many calls each act makes where nothing goes wrong. */
  async record(): Promise<Map<string, number>> {
    const counts = new Map<string, number>()
    await this.#live(() => ({
      beforeCall: (step, number) => void counts.set(step, Math.max(counts.get(step) ?? 0, number + 1)),
    }))
    return counts
  }

  /** Asks the process to end in good order. */
  stopProcess(): void {
    this.#stopped = this.process.engine.stop()
  }

  /** Asks for teardown, once. Its transaction follows the one that runs now. */
  beginTeardown(): void {
    this.#tearingDown ??= this.#outside(() => this.#destroy())
    this.#tearingDown.catch(() => {}) // Awaited, and so reported, where the trial waits for teardown.
  }

  async #live(hooks: (trial: Trial<World>) => Hooks): Promise<void> {
    this.#store = await openStore(':memory:')
    try {
      this.#subject = await this.#scenario.begin(this.#store, this.#world)
      await this.#until(hooks, () => this.#atRest())
      if (!this.#tearingDown) await this.#scenario.created(this.#store, this.#world, this.#subject)
      this.beginTeardown()
      await this.#tearingDown
      await this.#until(hooks, async () => !(await this.#row()))
      await this.#scenario.gone(this.#store, this.#world, this.#subject)
    } finally {
      await this.#endProcess()
      await this.#store.close()
    }
  }

  /** Lets time pass, and processes follow each other, until `reached`. */
  async #until(hooks: (trial: Trial<World>) => Hooks, reached: () => Promise<boolean>): Promise<void> {
    for (let round = 0; round < 300; round++) {
      if (!this.#process || this.#process.dead || this.#stopped) await this.#replaceProcess(hooks)
      const quiet = await this.#quiet()
      if (!quiet) continue
      if (await reached()) return
      await this.#scenario.react?.(this.#store as Store, this.#world, this.#subject)
      const next = await this.#quiet()
      if (next)
        await this.#clock.advance(
          Math.max(1, (next.at ?? this.#clock.now().getTime() + 1_000) - this.#clock.now().getTime()),
        )
    }
    throw new Fault(`it comes to no end: ${JSON.stringify(await this.#row())}`)
  }

  /** When the process next has something to do; undefined if it died or waits for time to pass inside an act. */
  async #quiet(): Promise<{ readonly at: number | undefined } | undefined> {
    let found: { readonly at: number | undefined } | undefined
    void this.process.engine.idle().then((next) => {
      found = { at: next?.getTime() }
    })
    for (let turns = 0; turns < 200 && !found && !this.process.dead && !this.#stopped; turns++) await turn()
    if (this.process.dead || this.#stopped) return undefined
    if (!found) await this.#clock.advance(1_000)
    return found
  }

  async #atRest(): Promise<boolean> {
    const row = await this.#row()
    const { restsAt } = this.#scenario
    return !row || (row.wakeAt === null && (restsAt?.includes(row.step) ?? true))
  }

  #row() {
    return (this.#store as Store).read((reader) => strandOf(reader, this.#subject))
  }

  async #destroy(): Promise<void> {
    const store = this.#store as Store
    if (this.#scenario.destroy) await this.#scenario.destroy(store, this.#world, this.#subject)
    else await store.transact((tx) => destroy(tx, this.#subject))
  }

  async #replaceProcess(hooks: (trial: Trial<World>) => Hooks): Promise<void> {
    await this.#endProcess()
    const seed = `process ${this.#processes++}`
    const machines = this.#scenario.machines(this.#world)
    this.#process = new MortalProcess(this.#store as Store, this.#clock, seed, machines, hooks(this))
    await this.#process.engine.start()
  }

  async #endProcess(): Promise<void> {
    await (this.#stopped ?? this.#process?.engine.stop())
    this.#stopped = undefined
    this.#process = undefined
  }
}

/** Counts the calls of acts when first asked. */
class CallCounts {
  readonly #record: () => Promise<Map<string, number>>
  #counts: Promise<Map<string, number>> | undefined

  constructor(record: () => Promise<Map<string, number>>) {
    this.#record = record
  }

  async of(step: string): Promise<number[]> {
    this.#counts ??= this.#record()
    return [...Array((await this.#counts).get(step) ?? 0).keys()]
  }
}
