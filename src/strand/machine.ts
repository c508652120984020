import type { Transaction } from '../store/store.ts'
import type { Outcome } from './outcome.ts'

/**
 * A named table of steps. A strand walks through them, one strand for each subject (the id of a resource).
 *
 * Every step may run twice: it can end in a crash before its end is on disk. It looks at the world again each time;
 * being woken is only a hint.
 */
export interface Machine<Self = unknown, Payload = unknown, Services = object> {
  readonly name: string
  /** Where a strand begins. */
  readonly start: string
  /** Where removal begins: it must work whatever step the strand was at, also in the middle of it. */
  readonly teardown: string
  readonly steps: Readonly<Record<string, Step<string, Self, Payload, Services>>>
  /** What the steps get as `self`, read in the transaction in which a decision runs or an act is leased. */
  load(tx: Transaction, subject: string): Promise<Self | undefined>
}

export type Step<Name extends string, Self, Payload, Services> =
  | Decide<Name, Self, Payload>
  | Act<Name, Self, Payload, Services>

/** Database, no I/O: its writes and the move to the next step are one transaction. */
export interface Decide<Name extends string, Self, Payload> {
  readonly kind: 'decide'
  run(context: DecideContext<Self, Payload>): Promise<Outcome<Name, Payload>>
}

/** I/O, no database. What it throws is recorded, and it is tried again after a pause that grows. */
export interface Act<Name extends string, Self, Payload, Services> {
  readonly kind: 'act'
  run(context: ActContext<Self, Payload> & Services): Promise<Outcome<Name, Payload>>
  /** After so many failed attempts in a row the strand goes to `to` instead. Without it, an act is tried for ever. */
  readonly giveUp?: { readonly after: number; readonly to: Name }
  /** One of these signals aborts the act; if it then fails, or had failed before, the strand goes to `to`. */
  readonly interrupt?: { readonly on: readonly string[]; readonly to: Name }
}

export interface DecideContext<Self, Payload> {
  readonly tx: Transaction
  readonly subject: string
  readonly self: Self
  readonly payload: Payload
  readonly signals: Signals
  readonly now: Date
  /** What the last attempt failed of, where an act gave up and sent the strand here. */
  readonly trouble: string | undefined
  /** Raises the signal `name` at that moment. Replaces an earlier deadline of this name; `undefined` only removes it. */
  deadline(name: string, at: Date | undefined): Promise<void>
}

export interface ActContext<Self, Payload> {
  readonly subject: string
  /** As it was when the attempt began. */
  readonly self: Self
  readonly payload: Payload
  /** Aborted when the process stops, the strand is to be torn down, or a signal of `interrupt` came. */
  readonly abort: AbortSignal
  /** Failed attempts before this one. */
  readonly attempts: number
}

/** The signals that are pending for a strand. */
export interface Signals {
  has(name: string): boolean
  /** Whether it is pending; if so, it no longer is once the step's transaction commits. */
  take(name: string): boolean
}

export interface Subject {
  readonly id: string
}

/** What `machine` takes: a table of steps whose names the compiler knows. */
export type Definition<Name extends string, Self, Payload, Services> = {
  readonly start: NoInfer<Name>
  readonly teardown: NoInfer<Name>
  readonly steps: { readonly [N in Name]: Step<NoInfer<Name>, Self, Payload, Services> }
} & (Subject extends Self ? Partial<Loader<Self>> : Loader<Self>)

interface Loader<Self> {
  load(tx: Transaction, subject: string): Promise<Self | undefined>
}

/**
 * Defines a machine: `machine<Thing, undefined, { world: World }>()('thing', { start, teardown, steps, load })`.
 * `Payload` is what JSON can hold; null reads as undefined.
 */
export function machine<Self = Subject, Payload = undefined, Services = object>() {
  return <const Name extends string>(
    name: string,
    definition: Definition<Name, Self, Payload, Services>,
  ): Machine<Self, Payload, Services> => ({
    name,
    load: async (_tx: Transaction, id: string) => ({ id }) as Self,
    ...definition,
  })
}

/** A machine with the services that its acts use: what the engine runs. */
export interface BoundMachine {
  readonly machine: Machine
  readonly services: object
}

/** Gives the acts of a machine their services. */
export function bind<Self, Payload, Services extends object>(
  unbound: Machine<Self, Payload, Services>,
  services: Services,
): BoundMachine {
  return { machine: unbound as Machine, services }
}
