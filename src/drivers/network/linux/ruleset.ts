import { createHash } from 'node:crypto'

/**
 * What nftables holds in one namespace, as data. Two rulesets have a difference, and the difference is one transaction:
 * nobody ever sees half of it. Tables are keyed by family and name (`inet router`).
 */
export type Ruleset = Readonly<Record<string, Table>>

export interface Table {
  readonly sets: Readonly<Record<string, NamedSet>>
  readonly chains: Readonly<Record<string, Chain>>
}

/** A set, or with elements `key : value` a map. `type` is what nft wants between the braces. */
export interface NamedSet {
  readonly kind: 'set' | 'map'
  readonly type: string
  readonly elements: readonly string[]
}

/** `hook` makes it a base chain. */
export interface Chain {
  readonly hook?: string
  readonly rules: readonly string[]
}

/** The commands that load `ruleset` in place of whatever its tables held before. What was counted begins anew. */
export function whole(ruleset: Ruleset): string[] {
  const clear = Object.keys(ruleset).flatMap((it) => [`add table ${it}`, `delete table ${it}`])
  return [...clear, ...difference({}, ruleset)]
}

/**
 * The commands that turn `before` into `after`; none if they are the same. Sets and chains that are in both
 * stay, with what they counted; a chain whose rules differ is emptied and filled again. The order keeps every reference valid: declare, let go,
 * take up, remove. Only for rulesets that are `comparable`.
 */
export function difference(before: Ruleset, after: Ruleset): string[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])]
  const parts = names.map((name) => tableDifference(name, before[name], after[name]))
  return phases.flatMap((phase) => parts.flatMap((it) => it[phase]))
}

/** Whether one can be turned into the other in place: what keeps its name keeps its type. */
export function comparable(before: Ruleset, after: Ruleset): boolean {
  return Object.entries(after).every(([name, table]) => {
    const old = before[name] ?? nothing
    const sameSets = Object.entries(table.sets).every(([key, it]) => sameType(old.sets[key], it))
    return sameSets && Object.entries(table.chains).every(([key, it]) => sameHook(old.chains[key], it))
  })
}

/** A short digest of the ruleset; equal digests, equal rulesets. Of sets and chains that were met before it is remembered. */
export function digest(ruleset: Ruleset): string {
  const parts = Object.entries(ruleset).map(([name, { sets, chains }]) => [
    name,
    Object.entries(sets).map(([key, it]) => [key, it.kind, it.type, digestOf(it.elements)]),
    Object.entries(chains).map(([key, it]) => [key, it.hook, digestOf(it.rules)]),
  ])
  return hashOf(parts)
}

const digests = new WeakMap<readonly string[], string>()

function digestOf(texts: readonly string[]): string {
  const known = digests.get(texts)
  if (known !== undefined) return known
  const made = hashOf(texts)
  digests.set(texts, made)
  return made
}

function hashOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16)
}

const phases = ['declare', 'letGo', 'takeUp', 'remove'] as const
type Commands = Record<(typeof phases)[number], string[]>

/** Hooks nothing, and so costs nothing: holds a name that other rulesets fill. */
export const emptyTable: Table = { sets: {}, chains: {} }

/** One that is not there: by identity, as an empty one may be. */
const nothing: Table = { sets: {}, chains: {} }

function tableDifference(name: string, before: Table = nothing, after: Table | undefined): Commands {
  if (!after) return { declare: [], letGo: [], takeUp: [], remove: [`delete table ${name}`] }
  const parts = [
    { ...none(), declare: before === nothing ? [`add table ${name}`] : [] },
    chainDifference(name, before.chains, after.chains),
    setDifference(name, before.sets, after.sets),
  ]
  return Object.fromEntries(phases.map((phase) => [phase, parts.flatMap((it) => it[phase])])) as Commands
}

function setDifference(table: string, before: Table['sets'], after: Table['sets']): Commands {
  const commands = none()
  for (const [name, it] of Object.entries(after)) {
    const old = before[name]
    if (!old) commands.declare.push(`add ${it.kind} ${table} ${name} { ${it.type} }`)
    commands.letGo.push(...leaving(`${table} ${name}`, old, it))
    commands.takeUp.push(...joining(`${table} ${name}`, old, it))
  }
  for (const [name, { kind }] of Object.entries(before)) {
    if (after[name]) continue
    commands.letGo.push(`flush ${kind} ${table} ${name}`)
    commands.remove.push(`delete ${kind} ${table} ${name}`)
  }
  return commands
}

/** Sets of intervals are emptied and filled again: taking one network out of another in one transaction is delicate. */
function leaving(set: string, old: NamedSet | undefined, next: NamedSet): string[] {
  const gone = old ? without(old.elements, next.elements) : []
  if (isOfIntervals(next)) return old && !same(old.elements, next.elements) ? [`flush ${next.kind} ${set}`] : []
  return gone.length > 0 ? [`delete element ${set} { ${gone.join(', ')} }`] : []
}

function joining(set: string, old: NamedSet | undefined, next: NamedSet): string[] {
  const refill = isOfIntervals(next) && old && !same(old.elements, next.elements)
  const fresh = refill ? next.elements : without(next.elements, old?.elements ?? [])
  return fresh.length > 0 ? [`add element ${set} { ${fresh.join(', ')} }`] : []
}

function chainDifference(table: string, before: Table['chains'], after: Table['chains']): Commands {
  const commands = none()
  for (const [name, it] of Object.entries(after)) {
    const old = before[name]
    if (!old) commands.declare.push(`add chain ${table} ${name}${it.hook ? ` { ${it.hook} }` : ''}`)
    if (old && same(old.rules, it.rules)) continue
    if (old) commands.letGo.push(`flush chain ${table} ${name}`)
    commands.takeUp.push(...it.rules.map((rule) => `add rule ${table} ${name} ${rule}`))
  }
  for (const name of without(Object.keys(before), Object.keys(after))) {
    commands.letGo.push(`flush chain ${table} ${name}`)
    commands.remove.push(`delete chain ${table} ${name}`)
  }
  return commands
}

function none(): Commands {
  return { declare: [], letGo: [], takeUp: [], remove: [] }
}

/** Of one field: the kernel takes ranges of several fields out and in one by one. */
function isOfIntervals(set: NamedSet): boolean {
  return set.type.includes('interval') && !set.type.includes(' . ')
}

function without(these: readonly string[], those: readonly string[]): string[] {
  if (these === those) return []
  const excluded = new Set(those)
  return these.filter((it) => !excluded.has(it))
}

function same(one: readonly string[], other: readonly string[]): boolean {
  return one === other || (one.length === other.length && one.every((it, index) => it === other[index]))
}

function sameType(old: NamedSet | undefined, next: NamedSet): boolean {
  return !old || (old.kind === next.kind && old.type === next.type)
}

function sameHook(old: Chain | undefined, next: Chain): boolean {
  return !old || old.hook === next.hook
}
