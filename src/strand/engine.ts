import type { Clock } from '../base/clock.ts'
import { Retry } from '../base/fault.ts'
import type { Log } from '../base/log.ts'
import { hex, type Random } from '../base/random.ts'
import type { Store } from '../store/store.ts'
import { Bell } from './bell.ts'
import { strandChannel } from './calls.ts'
import { Drive } from './drive.ts'
import type { BoundMachine } from './machine.ts'
import { agendaAt, freeLeases, raiseAlarms, renewLeases, takeOver } from './rows.ts'
import { Seats } from './seats.ts'
import { Turns } from './turns.ts'

export interface EngineOptions {
  readonly store: Store
  readonly machines: readonly BoundMachine[]
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Acts at once. Default 64. */
  readonly acts?: number
  /** Whether no other engine uses the database: then leases found at start are taken over at once. Default: as the store is. */
  readonly alone?: boolean
  /** How long a lease holds where other engines use the database too. Default 30,000. */
  readonly leaseMs?: number
}

/** Decisions at once; they queue for the database anyway. */
const decisionsAtOnce = 64
const pauseAfterStoreFailureMs = 1_000

/**
 * Moves strands: begins the steps that are due, sleeps until the next one is, and wakes when a commit says so.
 * Strands that nap are rows and nothing else.
 */
export class Engine {
  readonly #options: EngineOptions
  readonly #owner: string
  readonly #leaseMs: number | null
  readonly #turns: Turns
  readonly #seats: Seats
  readonly #bell = new Bell()
  readonly #drives = new Map<string, { readonly drive: Drive; readonly end: Promise<void> }>()
  readonly #stopping = new AbortController()
  readonly #resources = new DisposableStack()
  #idlers: ((next: Date | null) => void)[] = []
  #loops: Promise<unknown> = Promise.resolve()

  constructor(options: EngineOptions) {
    const { clock, random, machines } = options
    this.#options = options
    this.#owner = hex(random, 16)
    this.#leaseMs = (options.alone ?? options.store.exclusive) ? null : (options.leaseMs ?? 30_000)
    this.#seats = new Seats(options.acts ?? 64)
    this.#turns = new Turns({ clock, random, machines, owner: this.#owner, leaseMs: this.#leaseMs })
  }

  /** Takes over what an earlier engine left, and begins. Resolves when it is under way. */
  async start(): Promise<void> {
    const { store, machines } = this.#options
    const expired = this.#leaseMs === null ? 'all' : this.#now()
    await store.transact((tx) => takeOver(tx, machines, expired))
    this.#resources.use(store.listen(strandChannel, (subject) => this.#hear(subject)))
    this.#loops = Promise.all([this.#schedule(), this.#leaseMs && this.#keepLeases(this.#leaseMs)])
  }

  /** Aborts the acts, gives them back for the next engine to begin again, and waits for all of it. */
  async stop(): Promise<void> {
    this.#resources.dispose()
    this.#seats.close()
    this.#stopping.abort(new Retry('the engine stops'))
    this.#abortActs()
    this.#bell.ring()
    await this.#loops
    await Promise.all([...this.#drives.values()].map((it) => it.end))
    this.#tellIdlers(null)
  }

  /** Resolves when no step runs and none is due, with the moment at which the next one will be. Null: none, or stopped. */
  idle(): Promise<Date | null> {
    if (this.#stopping.signal.aborted) return Promise.resolve(null)
    return new Promise((resolve) => {
      this.#idlers.push(resolve)
      this.#bell.ring()
    })
  }

  async #schedule(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      const next = await this.#dispatch().catch((error: unknown) => {
        this.#options.log.error({ err: error }, 'strands cannot be read')
        return this.#now() + pauseAfterStoreFailureMs
      })
      if (this.#drives.size === 0 && !this.#bell.pending) this.#tellIdlers(next === null ? null : new Date(next))
      await this.#bell.sleep(this.#options.clock, next)
    }
  }

  /** Begins what is due and has room, and tells when the next is due. What has no room is begun when something ends. */
  async #dispatch(): Promise<number | null> {
    const { store } = this.#options
    const now = this.#now()
    // Rows of decisions under way still look due: they are asked for on top, and passed over.
    const deciding = this.#drives.size - this.#seats.taken
    const room = { decide: Math.max(0, decisionsAtOnce - deciding), act: this.#seats.free }
    const most = { decide: room.decide && room.decide + deciding, act: room.act && room.act + deciding }
    const { due, alarms, next } = await store.read((reader) => agendaAt(reader, now, most))
    if (alarms) await store.transact((tx) => raiseAlarms(tx, now))
    for (const kind of ['decide', 'act'] as const)
      for (const subject of due[kind].filter((it) => !this.#drives.has(it)).slice(0, room[kind])) this.#begin(subject)
    return next
  }

  #begin(subject: string): void {
    if (this.#stopping.signal.aborted) return
    const { store, clock, log } = this.#options
    const options = { store, clock, log, turns: this.#turns, stopping: this.#stopping.signal }
    const drive = new Drive(options, subject, this.#seats.guest())
    const end = drive.run().finally(() => {
      this.#drives.delete(subject)
      this.#bell.ring()
    })
    this.#drives.set(subject, { drive, end })
  }

  #hear(subject: string): void {
    this.#drives.get(subject)?.drive.hear()
    this.#bell.ring()
  }

  #tellIdlers(next: Date | null): void {
    const idlers = this.#idlers
    this.#idlers = []
    for (const tell of idlers) tell(next)
  }

  /** Renews our leases in good time and frees those of engines that no longer do. */
  async #keepLeases(leaseMs: number): Promise<void> {
    const { store, clock, log } = this.#options
    let heldUntil = this.#now() + leaseMs
    while (await this.#slept(leaseMs / 3)) {
      const now = this.#now()
      try {
        await store.transact(async (tx) => {
          await renewLeases(tx, this.#owner, now + leaseMs)
          await freeLeases(tx, now)
        })
        heldUntil = now + leaseMs
        for (const { drive } of this.#drives.values()) drive.hear() // Its lease may have gone while this process stood still.
        this.#bell.ring()
      } catch (error) {
        log.error({ err: error }, 'leases cannot be renewed')
        if (clock.now().getTime() >= heldUntil) this.#abortActs()
      }
    }
  }

  /** Whether it slept that long, rather than being stopped. */
  async #slept(ms: number): Promise<boolean> {
    const { signal } = this.#stopping
    await this.#options.clock.sleep(ms, signal).catch((thrown: unknown) => {
      if (!signal.aborted) throw thrown
    })
    return !signal.aborted
  }

  #abortActs(): void {
    const reason = this.#stopping.signal.aborted ? this.#stopping.signal.reason : new Retry('the lease was lost')
    for (const { drive } of this.#drives.values()) drive.abort(reason)
  }

  #now(): number {
    return this.#options.clock.now().getTime()
  }
}
