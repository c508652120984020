/**
 * From a verified call to its answer: find the action, decode, remember client tokens, run in one transaction, filter,
 * page, tag, encode. Everything that actions share happens here and nowhere else.
 */
import { createHash } from 'node:crypto'
import { Fault } from '../base/fault.ts'
import { refuse } from '../model/errors.ts'
import type { ResourceKind } from '../model/ids.ts'
import { type Action, type Describe, Later } from './action.ts'
import type { Codec } from './codec.ts'
import { type Filter, filterOf } from './filters.ts'
import type { Page, Pager } from './paging.ts'

// biome-ignore lint/suspicious/noExplicitAny: each entry has its own input, output and row; the codec makes the first, the action's type ties the rest.
export type AnyDescribe<R> = Describe<R, any, any, any, any, any>
// biome-ignore lint/suspicious/noExplicitAny: as above.
export type AnyRun<C> = Action<C, any, any, any>
export type AnyAction<C, R> = AnyRun<C> | AnyDescribe<R>

export interface Call {
  readonly operation: string
  readonly version: string
  readonly requestId: string
  readonly params: Iterable<readonly [string, string]>
}

/** What the dispatcher needs of the world behind it. `C` is what actions work with, `R` what Describes look at. */
export interface Ground<C, R> {
  /** What actions can ask before their transactions, if there is anything. */
  readonly outside?: unknown
  /** Runs `work` in a transaction with a context for it; `keep: false` rolls back whatever it did. */
  transact<T>(keep: boolean, work: (context: C) => Promise<T>): Promise<T>
  /** Runs `work`, which changes nothing, in a consistent view. */
  read<T>(work: (context: R) => Promise<T>): Promise<T>
  readonly answers?: AnswerMemory<R>
  readonly tokens: TokenMemory<C>
  readonly tags: TagWriter<C>
}

/** Answers remembered by client token, per caller's account and operation. */
export interface TokenMemory<C> {
  find(context: C, operation: string, token: string): Promise<{ digest: string; output: unknown } | undefined>
  keep(context: C, operation: string, token: string, entry: { digest: string; output: unknown }): Promise<void>
}

/** Answers that were given before, as long as a read would give them again. */
export interface AnswerMemory<R> {
  get(key: string): FoundAnswer['value'] | undefined
  read(key: string, work: (context: R) => Promise<FoundAnswer>): Promise<FoundAnswer['value']>
}

export interface FoundAnswer {
  /** What is before and behind the id of the request. */
  readonly value: Around
  /** The same as bytes. */
  readonly keep: () => readonly [Buffer, Buffer]
  readonly bytes: number
  /** Ids: if a row with one of them is written, it is another answer. */
  readonly rests: Iterable<string>
  /** Whether a row of that id, which is not in it, may belong in it once it is written. */
  readonly mayHold?: (id: string) => boolean
}

/** Bytes where they are kept. What is sent once stays text: much memory outside of its heap has V8 collect all that is in it. */
export type Around = readonly [string, string] | readonly [Buffer, Buffer]

/** The answer's XML, or the bytes of its parts. */
export type Answer = string | readonly Buffer[]

/** Checks TagSpecifications and makes them known to whatever the action creates. */
export interface TagWriter<C> {
  prepare(context: C, specifications: readonly TagSpecification[], creates: readonly ResourceKind[]): void
}

export interface TagSpecification {
  readonly ResourceType?: string | undefined
  readonly Tags?: readonly { readonly Key?: string | undefined; readonly Value?: string | undefined }[] | undefined
}

/** Parameters that many operations share, as the codec decodes them. */
interface Shared {
  readonly DryRun?: boolean
  readonly ClientToken?: string
  readonly Filters?: readonly Filter[]
  readonly MaxResults?: number
  readonly NextToken?: string
  readonly TagSpecifications?: readonly TagSpecification[]
}

/** A run of an action: where, and with what. */
interface At<C, R> {
  readonly context: C
  readonly ground: Ground<C, R>
}

interface AnsweredPage extends Page<unknown> {
  /** The key behind which it begins. */
  readonly after: string | undefined
}

interface Asked {
  readonly input: Shared
  readonly prepared: unknown
}

export class Dispatcher<C, R> {
  readonly #actions: ReadonlyMap<string, AnyAction<C, R>>
  readonly #codec: Codec
  readonly #pager: Pager

  constructor(parts: { actions: readonly AnyAction<C, R>[]; codec: Codec; pager: Pager }) {
    this.#actions = new Map(parts.actions.map((it) => [it.name, it]))
    this.#codec = parts.codec
    this.#pager = parts.pager
  }

  /** The answer's XML. Throws `ApiError` for what is the caller's affair. */
  async dispatch(call: Call, ground: Ground<C, R>, abort: AbortSignal): Promise<Answer> {
    const action = this.#find(call)
    if (action.kind === 'describe' && action.kept && ground.answers) return this.#keep(action, call, ground.answers)
    const input = this.#codec.decode(call.operation, call.params) as Shared
    const output =
      action.kind === 'describe'
        ? await this.#describe(action, input, ground, abort)
        : await this.#run(action, input, ground, abort)
    return this.#codec.encode(call.operation, output as object, call)
  }

  /** The answer that is kept, or one that is from now on. */
  async #keep(action: AnyDescribe<R>, call: Call, answers: AnswerMemory<R>): Promise<Answer> {
    const { operation, version, params, requestId } = call
    const key = JSON.stringify([operation, version, ...params])
    const around =
      answers.get(key) ??
      (await answers.read(key, async (context) => {
        const input = this.#codec.decode(operation, params) as Shared
        const { output, page } = await this.#answer(action, context, { input, prepared: undefined })
        const [head, tail] = this.#codec.encodeAround(operation, output, version)
        const keep = () => [Buffer.from(head), Buffer.from(tail)] as const
        const bytes = Buffer.byteLength(tail)
        return { value: [head, tail] as const, keep, bytes, ...restsOf(action, page, input) }
      }))
    return isText(around) ? around.join(requestId) : [around[0], Buffer.from(requestId), around[1]]
  }

  #find({ operation, version }: Call): AnyAction<C, R> {
    const action = this.#actions.get(operation)
    if (action) return action
    if (!this.#codec.operations.has(operation)) refuse('InvalidAction', { action: operation, version })
    return refuse('UnsupportedOperation', { message: `${operation} is not served by this cloud.` })
  }

  async #describe(action: AnyDescribe<R>, input: Shared, ground: Ground<C, R>, abort: AbortSignal): Promise<unknown> {
    const prepared: unknown = await action.prepare?.(input, abort, ground.outside)
    return ground.read(async (context) => (await this.#answer(action, context, { input, prepared })).output)
  }

  async #answer(
    action: AnyDescribe<R>,
    context: R,
    { input, prepared }: Asked,
  ): Promise<{ readonly output: object; readonly page: AnsweredPage }> {
    const rows = await this.#rows(action, context, { input, prepared })
    const page = this.#pager.cut(action.name, rows, (row) => action.key(row), input)
    if (input.DryRun) refuse('DryRunOperation')
    const items = page.rows.map((row) => action.render(row, context))
    const output = action.assemble(items, input, context) as object
    return {
      output: page.NextToken === undefined ? output : { ...output, NextToken: page.NextToken },
      page: { ...page, after: this.#pager.open(action.name, input) },
    }
  }

  /** The rows that pass the filters: all, or at least those of the page. */
  async #rows(action: AnyDescribe<R>, context: R, { input, prepared }: Asked): Promise<readonly unknown[]> {
    const { Filters: filters = [], MaxResults: most = Number.POSITIVE_INFINITY } = input
    const pass = filterOf(filters, action.filters)
    const wanted = { filters, after: this.#pager.open(action.name, input), enough: most + 1 } // One more tells of another page.
    const found = action.rows(input, context, prepared, wanted)
    if (found instanceof Promise) return pass(await found)
    const passed: unknown[] = []
    for await (const some of found) {
      passed.push(...pass(some))
      if (passed.length >= wanted.enough) break
    }
    return passed
  }

  async #run(action: AnyRun<C>, input: Shared, ground: Ground<C, R>, abort: AbortSignal): Promise<unknown> {
    const prepared: unknown = await action.prepare?.(input, abort, ground.outside)
    const output = await ground.transact(!input.DryRun, (context) =>
      this.#runIn({ context, ground }, action, { input, prepared }),
    )
    if (input.DryRun) refuse('DryRunOperation')
    return output instanceof Later ? output.work(abort) : output
  }

  async #runIn({ context, ground }: At<C, R>, action: AnyRun<C>, { input, prepared }: Asked): Promise<unknown> {
    const token = input.ClientToken || undefined // Clients that have none may send an empty one.
    const digest = token === undefined ? '' : digestOf(input)
    if (token !== undefined) {
      if (token.length > 64)
        refuse('InvalidParameterValue', { message: 'A client token has at most 64 ASCII characters' })
      const earlier = await ground.tokens.find(context, action.name, token)
      if (earlier && earlier.digest !== digest) refuse('IdempotentParameterMismatch')
      if (earlier) return action.replay ? action.replay(earlier.output, context) : earlier.output
    }
    ground.tags.prepare(context, input.TagSpecifications ?? [], action.creates)
    const output: unknown = await action.run(input, context, prepared)
    if (token !== undefined) {
      if (output instanceof Later) throw new Fault(`${action.name} takes a client token and may not answer later`)
      await ground.tokens.keep(context, action.name, token, { digest, output })
    }
    return output
  }
}

function isText(around: Around): around is readonly [string, string] {
  return typeof around[0] === 'string'
}

/** What an answer rests on: the rows that are in it, and that no others are. */
function restsOf<R>(
  { key, kept }: AnyDescribe<R>,
  { rows, after = '', NextToken }: AnsweredPage,
  input: Shared,
): Pick<FoundAnswer, 'rests' | 'mayHold'> {
  const rests = new Set(rows.flatMap((row) => [...(kept?.rests(row) ?? [])]))
  if (kept?.isNamed(input) && !input.Filters?.length) return { rests }
  if (input.Filters?.length) return { rests, mayHold: () => true } // What could make another row pass is not known.
  const last = NextToken === undefined ? undefined : key(rows.at(-1)) // a page that another follows has rows
  return { rests, mayHold: (id) => id > after && (last === undefined || id <= last) }
}

/** The same parameters give the same digest, in whatever order they came. */
function digestOf(input: Shared): string {
  const { ClientToken: _, DryRun: __, ...rest } = input
  return createHash('sha256')
    .update(JSON.stringify(sorted(rest)))
    .digest('base64url')
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (value === null || typeof value !== 'object' || value instanceof Date || value instanceof Uint8Array) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, it]) => [key, sorted(it)]),
  )
}
