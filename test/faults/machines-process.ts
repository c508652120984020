import type { Clock } from '../../src/base/clock.ts'
import { Fault } from '../../src/base/fault.ts'
import { silentLog } from '../../src/base/log.ts'
import { seededRandom } from '../../src/base/random.ts'
import type { Store, Transaction } from '../../src/store/store.ts'
import { Engine } from '../../src/strand/engine.ts'
import type { ActContext, BoundMachine, DecideContext, Machine } from '../../src/strand/machine.ts'
import type { Outcome } from '../../src/strand/outcome.ts'

/** What happens to a process around the steps that it runs. Every hook may kill it. */
export interface Hooks {
  /** Runs a step, or lets it run another number of times. */
  aroundStep?(name: string, kind: 'decide' | 'act', run: () => Promise<Outcome>): Promise<Outcome>
  /** Called at the end of the transaction that writes down how the step ended. Throwing rolls it back. */
  beforeCommit?(step: string): void
  afterCommit?(step: string): void
  /** Around every call of a service. Throwing is what the caller sees of it. */
  beforeCall?(step: string, number: number): void
  afterCall?(step: string, number: number): void
}

/**
 * A control plane that can die as under kill -9: from that moment it neither writes nor reads nor reaches the outside
 * world, while the store and the world live on for the next one.
 */
export class MortalProcess {
  readonly engine: Engine
  readonly #store: Store
  readonly #hooks: Hooks
  #dead = false
  /** The step whose end the next transaction writes down. */
  #ending: string | undefined
  #calls = 0

  constructor(store: Store, clock: Clock, seed: string, machines: readonly BoundMachine[], hooks: Hooks) {
    this.#store = store
    this.#hooks = hooks
    this.engine = new Engine({
      store: this.#mortalStore(),
      clock,
      random: seededRandom(seed),
      log: silentLog,
      machines: machines.map((it) => this.#instrumented(it)),
    })
  }

  get dead(): boolean {
    return this.#dead
  }

  kill(): void {
    this.#dead = true
  }

  /** Throws if the process is dead: nothing that follows happens. */
  #live(): void {
    if (this.#dead) throw new Fault('the process is dead')
  }

  #mortalStore(): Store {
    const store = this.#store
    return {
      exclusive: store.exclusive,
      transact: async (work) => {
        this.#live()
        let ended: string | undefined
        const value = await store.transact(async (tx) => {
          const result = await work(this.#mortalTransaction(tx))
          ended = this.#takeEnding()
          if (ended !== undefined) this.#hooks.beforeCommit?.(ended)
          this.#live()
          return result
        })
        if (ended !== undefined) this.#hooks.afterCommit?.(ended)
        this.#live()
        return value
      },
      read: async (work) => {
        this.#live()
        return await store.read(work)
      },
      watch: (columns) => store.watch(columns),
      listen: (channel, hear) => store.listen(channel, (text) => this.#dead || hear(text)),
      close: () => store.close(),
    }
  }

  #mortalTransaction(tx: Transaction): Transaction {
    return {
      db: tx.db,
      afterCommit: (callback) => tx.afterCommit(() => this.#dead || callback()),
      notify: (channel, text) => tx.notify(channel, text),
    }
  }

  #takeEnding(): string | undefined {
    const ending = this.#ending
    this.#ending = undefined
    return ending
  }

  #instrumented({ machine, services }: BoundMachine): BoundMachine {
    const steps: Record<string, Machine['steps'][string]> = {}
    for (const [name, step] of Object.entries(machine.steps)) {
      const around = async (run: () => Promise<Outcome>): Promise<Outcome> => {
        this.#live()
        this.#calls = 0
        const outcome = await (this.#hooks.aroundStep?.(name, step.kind, run) ?? run())
        this.#ending = name
        return outcome
      }
      steps[name] =
        step.kind === 'decide'
          ? { ...step, run: (context: DecideContext<unknown, unknown>) => around(() => step.run(context)) }
          : {
              ...step,
              run: (context: ActContext<unknown, unknown> & object) =>
                around(() => step.run({ ...context, ...this.#watched(services, name) })),
            }
    }
    return { machine: { ...machine, steps }, services }
  }

  /** `target` with every method, also of the objects in it, reporting to the hooks. */
  #watched<T extends object>(target: T, step: string): T {
    const watched = Object.entries(target).map(([name, value]) => [name, this.#watchedValue(target, value, step)])
    return Object.fromEntries(watched) as T
  }

  #watchedValue(owner: object, value: unknown, step: string): unknown {
    if (isMethod(value)) return (...args: unknown[]) => this.#call(owner, value, args, step)
    if (typeof value !== 'object' || value === null || isData(value)) return value
    return new Proxy(value, {
      get: (target, name) => this.#watchedValue(target, Reflect.get(target, name, target), step),
    })
  }

  #call(owner: object, method: (...args: unknown[]) => unknown, args: unknown[], step: string): unknown {
    const number = this.#calls++
    const around = (hook: Hooks['beforeCall']) => {
      this.#live()
      hook?.(step, number)
      this.#live()
    }
    try {
      around(this.#hooks.beforeCall)
    } catch (thrown) {
      if (isAsync(method)) return Promise.reject(thrown)
      throw thrown
    }
    const result = Reflect.apply(method, owner, args)
    if (!(result instanceof Promise)) {
      around(this.#hooks.afterCall)
      return result
    }
    return result.then((value: unknown) => {
      around(this.#hooks.afterCall)
      return value
    })
  }
}

/** What services hold rather than reach. */
function isData(value: object): boolean {
  return value instanceof Map || value instanceof Set || Array.isArray(value) || ArrayBuffer.isView(value)
}

function isAsync(method: unknown): boolean {
  return method instanceof (async () => {}).constructor
}

function isMethod(value: unknown): value is (...args: unknown[]) => unknown {
  return typeof value === 'function'
}
