/**
 * Values of the shapes of the official model, for tests: one with every member, and random ones. The model is read by
 * the official library, not by our extractor, so that a mistake of ours can't hide itself.
 */
import { NormalizedSchema } from '@smithy/core/schema'

/** Numbers of one stream: the same seed gives the same values. */
export type Dice = (sides: number) => number

/** Mulberry32. */
export function diceOf(seed: number): Dice {
  let state = seed
  return (sides) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) % sides
  }
}

/** How a value is filled: `full` has every member of every structure, one entry in each list. */
export interface Filling {
  readonly dice: Dice
  readonly full: boolean
  /** Required members are given, with something that can be sent; client tokens too, or the client would make them up. */
  readonly request: boolean
}

const texts = [
  '',
  ' ',
  'i-0123456789abcdef0',
  ' blanks at both ends ',
  '\tTab, LF\n, CR\r, CR LF\r\n, and again\n',
  '\r',
  '<a href="x">&amp; \'quoted\' ]]> &#65;</a>',
  'żółć 漢字 😀👩‍👩‍👧 \u0085\u2028',
  '__proto__',
  'a.b.1=c&d=%20+',
  '\n ',
]

export function anyOf(schema: unknown, filling: Filling, depth = 0): unknown {
  const shape = NormalizedSchema.of(schema as never)
  const { dice } = filling
  if (shape.isStructSchema()) return structureOf(shape, filling, depth)
  if (shape.isListSchema()) {
    const length = filling.full ? 1 : dice(4)
    return Array.from({ length }, () => anyOf(shape.getValueSchema(), filling, depth + 1))
  }
  if (shape.isStringSchema()) return texts[dice(texts.length)]
  if (shape.isBooleanSchema()) return dice(2) === 1
  if (shape.isNumericSchema()) return [0, 1, -1, 65_535, 2 ** 40, 0.25, 1e-9, 1.5e300][dice(8)]
  if (shape.isTimestampSchema()) return new Date(dice(2 ** 31) * 1000 + dice(2) * dice(1000))
  if (shape.isBlobSchema()) return Uint8Array.from({ length: dice(9) }, () => dice(256))
  throw new Error(`no values for ${shape.getName(true)}`)
}

function structureOf(shape: NormalizedSchema, filling: Filling, depth: number): Record<string, unknown> {
  const { dice, full, request } = filling
  const required = requiredOf(shape)
  const value: Record<string, unknown> = {}
  for (const [name, member] of shape.structIterator()) {
    const needed = request && (required.includes(name) || member.isIdempotencyToken())
    if (!full && !needed && dice(depth + 2) > 0) continue
    value[name] = needed ? sendable(member, filling, depth) : anyOf(member, filling, depth + 1)
  }
  return value
}

/** Draws until something comes that takes at least one parameter to say; everything, if luck is slow. */
function sendable(member: NormalizedSchema, filling: Filling, depth: number): unknown {
  for (let i = 0; i < 10; i++) {
    const value = anyOf(member, filling, depth + 1)
    if (asSent('ec2', value) !== undefined) return value
  }
  return anyOf(member, { ...filling, full: true }, depth + 1)
}

function requiredOf(shape: NormalizedSchema): readonly string[] {
  const schema = shape.getSchema() as unknown as readonly [...unknown[]]
  const names = schema[4] as readonly string[]
  return names.slice(0, Number(schema[6] ?? 0))
}

/**
 * What of an input can be said in a query: ec2Query has no way to write an empty list, and neither protocol has one for a
 * structure without members; entries of a list that can't be written are missing from it. Undefined if nothing is left.
 */
export function asSent(service: 'ec2' | 'sts', value: unknown): unknown {
  if (Array.isArray(value)) {
    if (value.length === 0) return service === 'sts' ? [] : undefined
    const items = value.map((it) => asSent(service, it)).filter((it) => it !== undefined)
    return items.length > 0 ? items : undefined
  }
  if (!isStructure(value)) return value
  const members = Object.entries(value)
    .map(([name, it]) => [name, asSent(service, it)] as const)
    .filter(([, it]) => it !== undefined)
  return members.length > 0 ? Object.fromEntries(members) : undefined
}

/** What the official client makes of an output: its parser takes text of nothing but blanks with a LF among them for indentation. */
export function asParsed(value: unknown): unknown {
  if (typeof value === 'string') return value.trim() === '' && value.includes('\n') ? '' : value
  if (Array.isArray(value)) return value.map(asParsed)
  if (!isStructure(value)) return value
  return Object.fromEntries(Object.entries(value).map(([name, it]) => [name, asParsed(it)]))
}

function isStructure(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !(value instanceof Date) && !(value instanceof Uint8Array)
}
