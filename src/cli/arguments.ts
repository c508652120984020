/** Command lines into options, with argparse's rules and messages. Source: Python 2.7 library reference, "argparse". */
import { parseArgs } from 'node:util'
import type { Command } from './command.ts'
import {
  type Flag,
  type Options,
  type Params,
  type Positional,
  type Texts,
  toggle,
  UsageError,
  value,
} from './params.ts'

/** What every command takes. Source: euca2ools 3.4, `--help`. */
export const commonParams = {
  showEmptyFields: toggle('--show-empty-fields', 'show empty values as "(nil)"'),
  url: value('-U, --url URL', 'compute service endpoint URL'),
  region: value('--region USER@REGION', 'region to ask, and the AWS profile whose keys to use'),
  accessKeyId: value('-I, --access-key-id KEY_ID', 'id of the access key'),
  secretKey: value('-S, --secret-key KEY', 'the secret access key'),
  securityToken: value('--security-token TOKEN', 'token of temporary keys'),
  debug: toggle('--debug', 'show requests and answers'),
  version: toggle('--version', "show the program's version and exit"),
  help: toggle('-h, --help', 'show this help message and exit'),
} as const satisfies Params

export type CommonOptions = Options<typeof commonParams>

export interface Parsed {
  readonly options: Options<Params>
  readonly common: CommonOptions
}

/** One flag as it was met on the command line. */
interface Seen {
  readonly key: string
  readonly flag: Flag
  readonly text: string
}

/** The options of `command`; throws `UsageError`. With `--help` or `--version` nothing else is looked at. */
export function parseArguments(command: Command, args: Texts): Parsed {
  const params: Params = { ...command.params, ...commonParams }
  const { seen, words, unknown } = tokens(params, args)
  if (seen.some((it) => it.flag === commonParams.help || it.flag === commonParams.version)) {
    return { options: {}, common: readCommon(seen) }
  }
  for (const group of command.exclusive) refuseBoth(seen.filter((it) => group.includes(it.key)))
  refuseBoth(seen.filter((it) => command.oneOf.includes(it.key)))
  const { positionals, extra } = assign(command.params, words)
  for (const [key, flag] of flagsOf(command.params)) {
    if (flag.required && !seen.some((it) => it.key === key))
      throw new UsageError(`argument ${flag.names.join('/')} is required`)
  }
  requireOne(command, seen)
  if (unknown.length + extra.length > 0)
    throw new UsageError(`unrecognized arguments: ${[...unknown, ...extra].join(' ')}`)
  const options = {
    ...Object.fromEntries(flagsOf(command.params).map(([key, flag]) => [key, readFlag(flag, key, seen)])),
    ...positionals,
  }
  return { options, common: readCommon(seen) }
}

function readCommon(seen: readonly Seen[]): CommonOptions {
  return Object.fromEntries(
    flagsOf(commonParams).map(([key, flag]) => [key, readFlag(flag, key, seen)]),
  ) as unknown as CommonOptions
}

function tokens(params: Params, args: Texts): { seen: Seen[]; words: string[]; unknown: string[] } {
  const byName = new Map(
    flagsOf(params).flatMap(([key, flag]) => flag.names.map((name) => [name, { key, flag }] as const)),
  )
  const found = { seen: [] as Seen[], words: [] as string[], unknown: new Set<string>() }
  const full = expandAll(args, [...byName.keys()])
  for (const token of parseArgs({
    args: full,
    options: grammar(params),
    strict: false,
    allowPositionals: true,
    tokens: true,
  }).tokens) {
    if (token.kind === 'positional') found.words.push(token.value)
    if (token.kind !== 'option') continue
    const known = byName.get(token.rawName)
    if (known) found.seen.push({ ...known, text: textOf(known.flag, token.value, token.inlineValue === true) })
    else found.unknown.add(full[token.index]!) // the parser counts the arguments it was given
  }
  return { ...found, unknown: [...found.unknown] }
}

/** The value of a flag. A next argument that looks like a flag is none, unless it is a negative number (`-p -1`, `-t -1:-1`). */
function textOf(flag: Flag, text: string | undefined, inline: boolean): string {
  const name = flag.names.join('/')
  if (flag.metavar === undefined) {
    if (text !== undefined) throw new UsageError(`argument ${name}: ignored explicit argument '${text}'`)
    return ''
  }
  if (text === undefined || (!inline && /^-(?!\d|$)/.test(text)))
    throw new UsageError(`argument ${name}: expected one argument`)
  if (flag.choices && !flag.choices.includes(text)) {
    const choices = flag.choices.map((it) => `'${it}'`).join(', ')
    throw new UsageError(`argument ${name}: invalid choice: '${text}' (choose from ${choices})`)
  }
  return text
}

/** The flags as `parseArgs` wants them: by long name, the short one attached to the first. */
function grammar(params: Params): NonNullable<NonNullable<Parameters<typeof parseArgs>[0]>['options']> {
  const entries = flagsOf(params).flatMap(([, flag]) => {
    const short = flag.names.find((it) => !it.startsWith('--'))?.slice(1)
    const long = flag.names.filter((it) => it.startsWith('--')).map((it) => it.slice(2))
    const type = flag.metavar === undefined ? ('boolean' as const) : ('string' as const)
    const names = long.length > 0 ? long : [`${short}`]
    return names.map((name, index) => [name, { type, multiple: true, ...(short && index === 0 && { short }) }] as const)
  })
  return Object.fromEntries(entries)
}

/** Long flags may be shortened as far as they stay unmistakable: `--instance-c 3`. Nothing after `--` is a flag. */
function expandAll(args: Texts, names: Texts): string[] {
  const end = args.indexOf('--')
  return args.map((arg, index) => (end >= 0 && index >= end ? arg : expand(arg, names)))
}

function expand(arg: string, names: Texts): string {
  if (!/^--[^=]/.test(arg)) return arg
  const [name = '', ...rest] = arg.split('=')
  const matches = names.includes(name) ? [name] : names.filter((it) => it.startsWith(name))
  if (matches.length > 1) throw new UsageError(`ambiguous option: ${name} could match ${matches.join(', ')}`)
  return [matches[0] ?? name, ...rest].join('=')
}

function readFlag(flag: Flag, key: string, seen: readonly Seen[]): unknown {
  try {
    return flag.read(seen.filter((it) => it.key === key).map((it) => it.text))
  } catch (error) {
    if (error instanceof UsageError) throw new UsageError(`argument ${flag.names.join('/')}: ${error.message}`)
    throw error
  }
}

function assign(params: Params, words: Texts): { positionals: Record<string, unknown>; extra: Texts } {
  let rest = words
  const positionals: Record<string, unknown> = {}
  for (const [key, param] of positionalsOf(params)) {
    const taken = param.arity === 'one' ? rest.slice(0, 1) : rest
    if (taken.length === 0 && param.arity !== 'any') throw new UsageError('too few arguments')
    positionals[key] = param.read(taken)
    rest = rest.slice(taken.length)
  }
  return { positionals, extra: rest }
}

function refuseBoth(seen: readonly Seen[]): void {
  const [first] = seen
  const other = seen.find((it) => it.key !== first?.key)
  if (first && other)
    throw new UsageError(
      `argument ${other.flag.names.join('/')}: not allowed with argument ${first.flag.names.join('/')}`,
    )
}

function requireOne({ params, oneOf }: Command, seen: readonly Seen[]): void {
  if (oneOf.length === 0 || seen.some((it) => oneOf.includes(it.key))) return
  const names = flagsOf(params)
    .filter(([key]) => oneOf.includes(key))
    .map(([, flag]) => flag.names.join('/'))
  throw new UsageError(`one of the arguments ${names.join(' ')} is required`)
}

export function flagsOf(params: Params): (readonly [string, Flag])[] {
  return Object.entries(params).flatMap(([key, it]) => (it.kind === 'flag' ? [[key, it] as const] : []))
}

export function positionalsOf(params: Params): (readonly [string, Positional])[] {
  return Object.entries(params).flatMap(([key, it]) => (it.kind === 'positional' ? [[key, it] as const] : []))
}
