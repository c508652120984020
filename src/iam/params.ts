import { refuse } from '../model/errors.ts'
import { formDecode } from './percent.ts'

/** Decoded names and values, in the order sent. */
export type Params = readonly (readonly [name: string, value: string])[]

export interface ParamLimits {
  readonly count: number
  readonly nameLength: number
}

export const defaultParamLimits: ParamLimits = { count: 10_000, nameLength: 1024 }

/** What XML 1.0 can carry: a value that can't be answered back is not taken. Source: XML 1.0, 2.2 "Characters". */
const xmlText = /^[\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u

/**
 * Parses a query string or a form body. Refuses broken percent-encoding and bytes that are not UTF-8
 * (MalformedQueryString), too many parameters or too long a name, and characters that XML can't carry.
 */
export function parseParams(bytes: string, limits: ParamLimits = defaultParamLimits): Params {
  const pieces = bytes.split('&', limits.count + 1).filter((it) => it !== '')
  if (pieces.length > limits.count) tooMany(limits.count)
  return pieces.map((piece) => parseParam(piece, limits))
}

/**
 * Query string and form body as one list, as EC2 takes them. The same name twice with the same value counts once; with
 * two values nobody could say which was meant, and SigV2 does not protect their order: refused.
 */
export function mergeParams(query: Params, form: Params, limits: ParamLimits = defaultParamLimits): Params {
  const merged = new Map<string, string>()
  for (const [name, value] of [...query, ...form]) {
    const before = merged.get(name)
    if (before !== undefined && before !== value) {
      refuse('InvalidParameterCombination', { message: `The parameter ${name} is given twice with different values.` })
    }
    merged.set(name, value)
  }
  if (merged.size > limits.count) tooMany(limits.count)
  return [...merged]
}

export function paramOf(params: Params, name: string): string | undefined {
  return params.find(([it]) => it === name)?.[1]
}

function parseParam(piece: string, limits: ParamLimits): readonly [string, string] {
  const equals = piece.indexOf('=')
  const name = formDecode(equals < 0 ? piece : piece.slice(0, equals))
  const value = formDecode(equals < 0 ? '' : piece.slice(equals + 1))
  if (name === undefined || value === undefined) refuse('MalformedQueryString')
  if (name.length > limits.nameLength) refuse('UnknownParameter', { parameter: `${name.slice(0, 64)}…` })
  if (!xmlText.test(name) || !xmlText.test(value)) {
    refuse('InvalidParameterValue', { message: 'A parameter contains a control character.' })
  }
  return [name, value]
}

function tooMany(limit: number): never {
  refuse('InvalidParameter', { message: `The request has more than ${limit} parameters.` })
}
