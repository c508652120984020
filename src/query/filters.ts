/**
 * Filters as every Describe has them. A row passes when for each filter any of its values matches.
 * Source: EC2 User Guide, "List and filter using the CLI and API": `*` any run, `?` one character, `\` escapes, case counts.
 */
import { refuse } from '../model/errors.ts'

/** What a row has under a filter's name: one value, many, or none. */
export type FilterValue =
  | string
  | number
  | boolean
  | Date
  | undefined
  | null
  | readonly (string | number | boolean | undefined)[]

export type FilterTable<Row> = Readonly<Record<string, (row: Row) => FilterValue>>

export interface Filter {
  readonly Name?: string | undefined
  readonly Values?: readonly string[] | undefined
}

export interface Tagged {
  readonly tags: Readonly<Record<string, string>>
}

/**
 * Source: EC2 User Guide, "List and filter using the CLI and API": 50 filters, strings of 255 characters; gjbae1212/gossm#47 for
 * the 200 values, which all filters of a call have together.
 */
const most = { filters: 50, values: 200, characters: 255 } as const

/** What leaves of some rows those that pass all `filters`. Refuses filters that `table` does not know, and more than EC2 takes. */
export function filterOf<Row>(
  filters: readonly Filter[],
  table: FilterTable<Row>,
): (rows: readonly Row[]) => readonly Row[] {
  checkLimits(filters)
  const effort = { left: mostEffort }
  const tests = filters.map((filter) => compile(filter, table, effort))
  return (rows) => (tests.length === 0 ? rows : rows.filter((row) => tests.every((test) => test(row))))
}

export function filterRows<Row>(
  rows: readonly Row[],
  filters: readonly Filter[],
  table: FilterTable<Row>,
): readonly Row[] {
  return filterOf(filters, table)(rows)
}

/** The value itself, if it matches no other text: what an index can be asked for. */
export function literal(value: string): string | undefined {
  return /[*?\\]/.test(value) ? undefined : value
}

/** Characters compared that a call may still cost. */
interface Effort {
  left: number
}

/**
 * Half a second or so: ordinary filters cost a thousandth of it for a thousand rows, made-up ones minutes, and meanwhile nobody
 * else would be answered.
 */
const mostEffort = 50_000_000

function compile<Row>({ Name, Values }: Filter, table: FilterTable<Row>, effort: Effort): (row: Row) => boolean {
  if (!Name) refuse('MissingParameter', { parameter: 'Filter.Name' })
  if (!Values) refuse('InvalidParameterValue', { message: `The filter '${Name}' has no value` })
  const read = Name.startsWith('tag:')
    ? tagReader<Row>(Name.slice('tag:'.length), table)
    : Object.hasOwn(table, Name)
      ? table[Name]
      : undefined
  if (!read) refuse('InvalidParameterValue', { message: `The filter '${Name}' is invalid` })
  const patterns = Values.map((it) => pattern(it, effort))
  return (row) => textsOf(read(row)).some((text) => patterns.some((matches) => matches(text)))
}

/** Guess: the code for a value that is too long. */
function checkLimits(filters: readonly Filter[]): void {
  const values = filters.flatMap((it) => it.Values ?? [])
  if (filters.length > most.filters)
    refuse('FilterLimitExceeded', { message: `The maximum number of filters on a single call is ${most.filters}` })
  if (values.length > most.values)
    refuse('FilterLimitExceeded', {
      message: `The maximum number of filter values specified on a single call is ${most.values}`,
    })
  if (values.some((it) => it.length > most.characters))
    refuse('InvalidParameterValue', { message: `A filter value has at most ${most.characters} characters` })
}

function tagReader<Row>(key: string, table: FilterTable<Row>): ((row: Row) => FilterValue) | undefined {
  if (!Object.hasOwn(table, 'tag-key')) return undefined
  return (row) => {
    const { tags } = row as Row & Tagged // Tables with `tag-key` are made by tagFilters, of tagged rows alone.
    return Object.hasOwn(tags, key) ? tags[key] : undefined
  }
}

/** The filters of every tagged resource: `tag-key`, `tag-value`, and with them `tag:KEY`. */
export function tagFilters<Row extends Tagged>(): FilterTable<Row> {
  return { 'tag-key': (row) => Object.keys(row.tags), 'tag-value': (row) => Object.values(row.tags) }
}

/** Filters of what no row has: known, and passed by none. */
export function absent(...names: readonly string[]): FilterTable<unknown> {
  return Object.fromEntries(names.map((name) => [name, () => undefined]))
}

function textsOf(value: FilterValue): readonly string[] {
  if (value === undefined || value === null) return []
  if (value instanceof Date) return [value.toISOString()]
  return Array.isArray(value) ? value.filter((it) => it !== undefined).map(String) : [String(value)]
}

/** Whether a text matches a filter's value. At worst in the product of their lengths, never more. */
export function pattern(value: string, effort: Effort = { left: Number.POSITIVE_INFINITY }): (text: string) => boolean {
  const tokens = tokenize(value)
  if (tokens.every((it) => typeof it === 'string')) {
    const literal = tokens.join('')
    return (text) => text === literal
  }
  return (text) => matches(tokens, [...text], effort)
}

const any = Symbol('*')
const one = Symbol('?')
type Token = string | typeof any | typeof one

function tokenize(value: string): Token[] {
  const tokens: Token[] = []
  const characters = [...value]
  for (let i = 0; i < characters.length; i++) {
    const character = characters[i]!
    if (character === '\\' && i + 1 < characters.length) tokens.push(characters[++i]!)
    else tokens.push(character === '*' ? any : character === '?' ? one : character)
  }
  return tokens
}

/**
 * Greedy matching with one point to go back to: the last `*`. Refuses once it takes too much.
 * Guess: EC2 must have some such bound; the code is that of its others.
 */
function matches(tokens: readonly Token[], text: readonly string[], effort: Effort): boolean {
  let t = 0
  let starAt = -1
  let resume = 0
  effort.left -= text.length
  for (let i = 0; i < text.length; ) {
    if (effort.left-- < 0)
      refuse('FilterLimitExceeded', { message: 'The filters of this call take too long to compare' })
    if (t < tokens.length && (tokens[t] === one || tokens[t] === text[i])) {
      t++
      i++
    } else if (tokens[t] === any) {
      starAt = t++
      resume = i
    } else if (starAt >= 0) {
      t = starAt + 1
      i = ++resume
    } else return false
  }
  while (tokens[t] === any) t++
  return t === tokens.length
}
