import type { Clock } from '../base/clock.ts'
import { Fault } from '../base/fault.ts'
import type { Random } from '../base/random.ts'
import type { Reader, Transaction } from '../store/store.ts'
import { pauseAfter } from './backoff.ts'
import { asJson, setDeadline } from './calls.ts'
import type { Act, ActContext, BoundMachine, Decide, Machine, Step } from './machine.ts'
import type { Nap, Outcome } from './outcome.ts'
import { change, type StrandRow, signalsOf, strandOf } from './rows.ts'
import type { Seat } from './seats.ts'

/** What is to be done with a strand after a transaction: nothing now, another turn, or the act that it leased. */
export type Turn = { readonly kind: 'rest' } | { readonly kind: 'again' } | LeasedAct

export interface LeasedAct {
  readonly kind: 'act'
  readonly row: StrandRow
  readonly step: AnyAct
  readonly context: Omit<ActContext<unknown, unknown>, 'abort'>
  readonly services: object
}

type AnyStep = Step<string, unknown, unknown, object>
type AnyAct = Act<string, unknown, unknown, object>

export interface TurnOptions {
  readonly machines: readonly BoundMachine[]
  readonly clock: Clock
  readonly random: Random
  /** Who leases: another name in each process. */
  readonly owner: string
  /** How long a lease holds. Null: until its owner ends, because nobody else uses the database. */
  readonly leaseMs: number | null
}

const rest: Turn = { kind: 'rest' }
const again: Turn = { kind: 'again' }
/** What a strand forgets when a step ended well. */
const wellAgain = { owner: null, leaseUntil: null, attempts: 0, lastError: null, failingSince: null, trouble: null }

/** The transactions of a strand: each takes it from one committed state to the next. */
export class Turns {
  readonly #options: TurnOptions
  readonly #machines: ReadonlyMap<string, BoundMachine>

  constructor(options: TurnOptions) {
    this.#options = options
    this.#machines = new Map(options.machines.map((it) => [it.machine.name, it]))
  }

  /** Runs the strand's decision if one is due, or leases its act. */
  async begin(tx: Transaction, subject: string, seat: Seat): Promise<Turn> {
    const row = await strandOf(tx, subject)
    if (!row || row.owner !== null || row.wakeAt === null || row.wakeAt > this.#now()) return rest
    if (row.ending === 1) return await this.#moveTo(tx, row, this.#machineOf(row).machine.teardown, seat)
    const step = this.#stepOf(row)
    if (step.kind === 'decide') return await this.#decide(tx, row, step, seat)
    const way = row.attempts > 0 ? await this.#interruptionOf(tx, row, step) : undefined
    return way === undefined ? await this.#lease(tx, row, step, seat) : await this.#moveTo(tx, row, way, seat)
  }

  /** Writes down how an act ended. Nothing, if the lease was lost meanwhile: then another tries. */
  async finish(tx: Transaction, act: LeasedAct, outcome: Outcome, seat: Seat): Promise<Turn> {
    const row = await this.#heldRow(tx, act)
    if (!row) return rest
    if (row.ending !== 1) return await this.#settle(tx, row, outcome, seat)
    const payload = outcome.kind === 'hop' && 'payload' in outcome ? asJson(outcome.payload) : row.payload
    return await this.#moveTo(tx, { ...row, payload }, this.#machineOf(row).machine.teardown, seat)
  }

  /** Writes down that an act failed: it is tried again later, or the strand goes where its step says. */
  async failAct(tx: Transaction, act: LeasedAct, thrown: unknown, seat: Seat): Promise<Turn> {
    const row = await this.#heldRow(tx, act)
    if (!row) return rest
    if (row.ending === 1) return await this.#moveTo(tx, row, this.#machineOf(row).machine.teardown, seat)
    const { giveUp } = act.step
    const way = await this.#interruptionOf(tx, row, act.step)
    if (way !== undefined) return await this.#moveTo(tx, row, way, seat)
    if (giveUp && row.attempts + 1 >= giveUp.after) return await this.#moveTo(tx, row, giveUp.to, seat, textOf(thrown))
    return await this.#recordFailure(tx, row, thrown)
  }

  /** Writes down that a turn could not be taken: it is tried again later, or now if the strand was `called` meanwhile. */
  async fail(tx: Transaction, subject: string, thrown: unknown, called: boolean): Promise<Turn> {
    const row = await strandOf(tx, subject)
    if (!row || row.owner !== null) return rest
    return await this.#recordFailure(tx, { ...row, wakeAt: called ? 0 : null }, thrown)
  }

  /** Gives an act back as if it had not begun. */
  async giveBack(tx: Transaction, act: LeasedAct): Promise<Turn> {
    if (await this.#heldRow(tx, act)) await change(tx, act.row.subject, { owner: null, leaseUntil: null, wakeAt: 0 })
    return rest
  }

  /** Whether a running act is to be aborted: for teardown, a signal, or because its lease was lost. */
  async isInterrupted(reader: Reader, act: LeasedAct): Promise<boolean> {
    const row = await this.#heldRow(reader, act)
    return !row || row.ending === 1 || (await this.#interruptionOf(reader, row, act.step)) !== undefined
  }

  async #decide(tx: Transaction, row: StrandRow, step: Decide<string, unknown, unknown>, seat: Seat): Promise<Turn> {
    const { subject } = row
    const pending = await signalsOf(tx, subject)
    const taken = new Set<string>()
    const outcome = await step.run({
      tx,
      subject,
      self: await this.#selfOf(tx, row),
      payload: payloadOf(row),
      signals: {
        has: (name) => pending.has(name),
        take: (name) => pending.has(name) && taken.add(name).has(name),
      },
      now: new Date(this.#now()),
      trouble: row.trouble ?? undefined,
      deadline: (name, at) => setDeadline(tx, subject, name, at),
    })
    if (taken.size > 0)
      await tx.db
        .deleteFrom('signals')
        .where('subject', '=', subject)
        .where('name', 'in', [...taken])
        .execute()
    return await this.#settle(tx, { ...row, wakeAt: null }, outcome, seat)
  }

  async #settle(tx: Transaction, row: StrandRow, outcome: Outcome, seat: Seat): Promise<Turn> {
    if (outcome.kind === 'nap') return await this.#nap(tx, row, outcome)
    if (outcome.kind === 'hop') {
      const payload = 'payload' in outcome ? asJson(outcome.payload) : row.payload
      return await this.#moveTo(tx, { ...row, payload }, outcome.step, seat)
    }
    await tx.db.deleteFrom('strands').where('subject', '=', row.subject).execute()
    return rest
  }

  /** A signal that came while the step ran has put a 0 into `wakeAt`: it ends the nap at once. */
  async #nap(tx: Transaction, row: StrandRow, { until }: Nap): Promise<Turn> {
    const at = until === undefined ? null : 'ms' in until ? this.#now() + until.ms : until.at.getTime()
    const wakeAt = row.wakeAt === 0 ? 0 : at
    await change(tx, row.subject, { ...wellAgain, wakeAt })
    return wakeAt !== null && wakeAt <= this.#now() ? again : rest
  }

  /** Moves on, and leases at once if what comes is an act: that saves a commit. */
  async #moveTo(
    tx: Transaction,
    row: StrandRow,
    name: string,
    seat: Seat,
    trouble: string | null = null,
  ): Promise<Turn> {
    const { machine } = this.#machineOf(row)
    const step = stepNamed(machine, name)
    const ending = name === machine.teardown ? 2 : row.ending
    const moved = {
      ...wellAgain,
      trouble,
      step: name,
      kind: step.kind,
      payload: row.payload,
      wakeAt: 0,
      ending,
    } as const
    await change(tx, row.subject, moved)
    return step.kind === 'act' ? await this.#lease(tx, { ...row, ...moved }, step, seat) : again
  }

  async #lease(tx: Transaction, row: StrandRow, step: AnyAct, seat: Seat): Promise<Turn> {
    if (!seat.take()) return rest
    const { owner, leaseMs } = this.#options
    const leaseUntil = leaseMs === null ? null : this.#now() + leaseMs
    const held = { owner, leaseUntil, lease: row.lease + 1, wakeAt: null }
    await change(tx, row.subject, held)
    const { subject, attempts } = row
    const context = { subject, attempts, self: await this.#selfOf(tx, row), payload: payloadOf(row) }
    return { kind: 'act', row: { ...row, ...held }, step, context, services: this.#machineOf(row).services }
  }

  /** As for a nap, a signal that came during the attempt calls for the next one at once. */
  async #recordFailure(tx: Transaction, row: StrandRow, thrown: unknown): Promise<Turn> {
    const attempts = row.attempts + 1
    const pause = row.wakeAt === 0 ? 0 : pauseAfter(attempts, thrown, this.#options.random)
    await change(tx, row.subject, {
      owner: null,
      leaseUntil: null,
      wakeAt: this.#now() + pause,
      attempts,
      lastError: textOf(thrown),
      failingSince: row.failingSince ?? this.#now(),
    })
    return pause === 0 ? again : rest
  }

  /** Where a pending signal sends the strand that is at this act. */
  async #interruptionOf(reader: Reader, row: StrandRow, { interrupt }: AnyAct): Promise<string | undefined> {
    if (!interrupt) return undefined
    const pending = await signalsOf(reader, row.subject)
    return interrupt.on.some((name) => pending.has(name)) ? interrupt.to : undefined
  }

  async #heldRow(reader: Reader, { row: { subject, lease } }: LeasedAct): Promise<StrandRow | undefined> {
    const row = await strandOf(reader, subject)
    return row?.owner === this.#options.owner && row.lease === lease ? row : undefined
  }

  async #selfOf(tx: Transaction, row: StrandRow): Promise<unknown> {
    const self = await this.#machineOf(row).machine.load(tx, row.subject)
    if (self === undefined) throw new Fault(`${row.subject} has a strand but no row`)
    return self
  }

  #machineOf({ machine }: StrandRow): BoundMachine {
    const bound = this.#machines.get(machine)
    if (!bound) throw new Fault(`there is no machine ${machine}`)
    return bound
  }

  #stepOf(row: StrandRow): AnyStep {
    return stepNamed(this.#machineOf(row).machine, row.step)
  }

  #now(): number {
    return this.#options.clock.now().getTime()
  }
}

function stepNamed(machine: Machine, name: string): AnyStep {
  const step = machine.steps[name]
  if (!step) throw new Fault(`the machine ${machine.name} has no step ${name}`)
  return step
}

function payloadOf(row: StrandRow): unknown {
  return JSON.parse(row.payload) ?? undefined
}

/** The messages of an error and of its causes. */
function textOf(thrown: unknown): string {
  const causes: string[] = []
  for (let it = thrown; it !== undefined && causes.length < 5; it = it instanceof Error ? it.cause : undefined)
    causes.push(it instanceof Error ? it.message : String(it))
  return causes.join(': ').slice(0, 1_000)
}
