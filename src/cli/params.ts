/** What a command takes on its command line, as data: positional arguments and flags, each with how its text is read. */

/** A mistake of the person who typed the command: shown with the usage line, exit status 2. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'UsageError'
  }
}

export type Texts = readonly string[]

/** A positional argument: one, any number, or at least one. */
export interface Positional<T = unknown> {
  readonly kind: 'positional'
  readonly metavar: string
  readonly help: string
  readonly arity: 'one' | 'any' | 'some'
  readonly read: (texts: Texts) => T
}

/** A flag: `-k, --key KEYPAIR`. Without a metavar it takes no value. */
export interface Flag<T = unknown> {
  readonly kind: 'flag'
  readonly names: readonly string[]
  readonly metavar?: string
  readonly help: string
  readonly repeats: boolean
  readonly required: boolean
  readonly choices?: Texts
  /** The texts of its values, in order; for a flag without value, one empty text each time it was given. */
  readonly read: (texts: Texts) => T
}

export type Param<T = unknown> = Positional<T> | Flag<T>
export type Params = Readonly<Record<string, Param>>
/** What the params of a command are read into. */
export type Options<P extends Params> = { readonly [K in keyof P]: P[K] extends Param<infer T> ? T : never }

export function word(metavar: string, help: string): Positional<string> {
  return { kind: 'positional', metavar, help, arity: 'one', read: (texts) => texts[0] ?? '' }
}

export function words(metavar: string, help: string): Positional<string[]> {
  return { kind: 'positional', metavar, help, arity: 'any', read: (texts) => [...texts] }
}

export function someWords(metavar: string, help: string): Positional<string[]> {
  return { ...words(metavar, help), arity: 'some' }
}

/** A flag without value: whether it was given. */
export function toggle(form: string, help: string): Flag<boolean> {
  return { ...named(form), help, repeats: false, required: false, read: (texts) => texts.length > 0 }
}

interface TextRules {
  readonly choices?: Texts
}

interface ValueRules<T> extends TextRules {
  readonly parse?: (text: string) => T
}

type ParseRules<T> = Required<Pick<ValueRules<T>, 'parse'>> & TextRules

/** A flag with one value; where it is given twice the last one counts. */
export function value(form: string, help: string, rules?: TextRules): Flag<string | undefined>
export function value<T>(form: string, help: string, rules: ParseRules<T>): Flag<T | undefined>
export function value<T>(form: string, help: string, rules: ValueRules<T> = {}): Flag<T | undefined> {
  return { ...valued(form, help, rules), repeats: false, read: (texts) => readAll(texts.slice(-1), rules)[0] }
}

/** A flag with one value that has to be there. */
export function needed(form: string, help: string): Flag<string> {
  return { ...valued(form, help, {}), repeats: false, required: true, read: (texts) => texts.at(-1) ?? '' }
}

/** A flag that may be given many times. */
export function values(form: string, help: string): Flag<string[]>
export function values<T>(form: string, help: string, rules: ParseRules<T> & { required?: boolean }): Flag<T[]>
export function values<T>(form: string, help: string, rules: ValueRules<T> & { required?: boolean } = {}): Flag<T[]> {
  return {
    ...valued(form, help, rules),
    repeats: true,
    required: rules.required ?? false,
    read: (texts) => readAll(texts, rules),
  }
}

export interface Filter {
  Name: string
  Values: string[]
}

/** `--filter NAME=VALUE` with these names; `tag:KEY` stands for all names that begin with `tag:`. The same name twice means either value. */
export function filters(...allowed: readonly string[]): Flag<Filter[] | undefined> {
  const help = `restrict results to those that meet criteria (${allowed.join(', ')})`
  return { ...valued('--filter NAME=VALUE', help, {}), repeats: true, read: (texts) => readFilters(texts, allowed) }
}

function readFilters(texts: Texts, allowed: Texts): Filter[] | undefined {
  if (texts.length === 0) return undefined
  const pairs = texts.map((text) => {
    const { key, value } = splitAtEquals(text)
    const known = allowed.includes(key) || (allowed.includes('tag:KEY') && key.startsWith('tag:'))
    if (value === undefined || !known) throw new UsageError(`"${text}" matches no available filters`)
    return { key, value }
  })
  const grouped = Map.groupBy(pairs, (it) => it.key)
  return [...grouped].map(([Name, all]) => ({ Name, Values: all.map((it) => it.value) }))
}

/** `KEY=VALUE` at its first `=`; a text without one is all key. */
export function splitAtEquals(text: string): { key: string; value?: string } {
  const at = text.indexOf('=')
  return at < 0 ? { key: text } : { key: text.slice(0, at), value: text.slice(at + 1) }
}

/** A number of things: digits alone. */
export function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new UsageError(`invalid int value: '${text}'`)
  return Number(text)
}

function readAll<T>(texts: Texts, { parse }: ValueRules<T>): T[] {
  return texts.map((text) => (parse ? parse(text) : (text as T))) // without `parse` the value is the text itself
}

function valued<T>(form: string, help: string, { choices }: ValueRules<T>): Omit<Flag, 'read' | 'repeats'> {
  return { ...named(form), help, required: false, ...(choices && { choices }) }
}

/** `-k, --key KEYPAIR` into its names and metavar. */
function named(form: string): Pick<Flag, 'kind' | 'names' | 'metavar'> {
  const parts = form.split(/[ ,]+/)
  const metavar = parts.find((it) => !it.startsWith('-'))
  return { kind: 'flag', names: parts.filter((it) => it.startsWith('-')), ...(metavar !== undefined && { metavar }) }
}
