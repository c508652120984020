/**
 * What an action is: its name and what it alone does. All that actions share (decoding, client tokens, dry runs,
 * filters, paging, tags) belongs to the dispatcher; an action that does one of these is a bug.
 */
import type { ResourceKind } from '../model/ids.ts'
import type { Filter, FilterTable } from './filters.ts'

/** One operation of a service, whatever its context `C`. `run` works in one transaction, without other I/O. */
export interface Action<C, I = never, O = unknown, P = unknown> {
  readonly kind: 'action'
  readonly name: string
  /** Kinds of resources that it creates: what TagSpecifications may name. */
  readonly creates: readonly ResourceKind[]
  /**
   * Work that is slow and would hold up other transactions, before this one begins: making a key, reading an object. `run` gets
   * its answer. `outside` is the ground's.
   */
  prepare?(input: I, abort: AbortSignal, outside: unknown): Promise<P>
  run(input: I, context: C, prepared: P): Promise<O | Later<C, O>>
  /** Looks at a remembered answer before it is given again for the same client token; may refuse. */
  replay?(output: O, context: C): Promise<O>
}

/** A Describe: a table of rows that filters, ids and pages cut down before they are rendered. */
export interface Describe<C, I = never, Row = never, Item = unknown, O = unknown, P = unknown> {
  readonly kind: 'describe'
  readonly name: string
  /** What it looks at beside the database, before; see `Action`. */
  prepare?(input: I, abort: AbortSignal, outside: unknown): Promise<P>
  /**
   * All rows that the caller may see, or those that the input's own parameters leave. Where there may be very many: some at once, in
   * the order of their keys, those after `wanted.after`; rows that do not pass the filters may be missing.
   */
  rows(input: I, context: C, prepared: P, wanted: Wanted): Promise<readonly Row[]> | AsyncIterable<readonly Row[]>
  /** Names a row, and puts pages in order: unique, stable. */
  key(row: Row): string
  readonly filters: FilterTable<Row>
  render(row: Row, context: C): Item
  /** If its answers may be kept: nothing is in them but what the ground's database says. */
  readonly kept?: {
    /** Ids that all rows have, or refer to, that the row was made of. */
    rests(row: Row): Iterable<string>
    /** Whether the input names its rows: then there are no others that may belong in the answer. */
    isNamed(input: I): boolean
  }
  /** The answer from the rendered rows of one page. */
  assemble(items: readonly Item[], input: I, context: C): O
}

/** What a caller asked a Describe for, as far as an index may answer it. */
export interface Wanted {
  readonly filters: readonly Filter[]
  /** The last key of the page before. */
  readonly after: string | undefined
  /** How many rows of those that pass are enough. */
  readonly enough: number
}

/** I/O that an action needs after its transaction has committed: asking a host for a console. */
export class Later<C, O> {
  readonly work: (abort: AbortSignal) => Promise<O>
  declare readonly context: C

  constructor(work: (abort: AbortSignal) => Promise<O>) {
    this.work = work
  }
}
