/**
 * Values from the text of one parameter.
 * Source: EC2 API Reference, "Making API requests" and "Common data types"; the words "Value (…) for parameter … is
 * invalid." are EC2's, seen in public issue trackers. Guess: what follows them, which differs from parameter to parameter.
 */
import { refuse } from '../model/errors.ts'
import type { ScalarRow } from './model/snapshot.ts'
import { clip, pathOf, type Slot } from './slots.ts'

export type Parse = (text: string, slot: Slot) => unknown

export const parsers = {
  string: (text) => text,
  number: parseNumber,
  boolean: parseBoolean,
  timestamp: parseTimestamp,
  blob: parseBlob,
} as const satisfies Record<ScalarRow, Parse>

const decimal = /^[+-]?\d+(\.\d+)?([eE][+-]?\d{1,3})?$/

/** The model does not tell integers from fractions, so a fraction passes here. */
function parseNumber(text: string, slot: Slot): number {
  const value = decimal.test(text) ? Number(text) : Number.NaN
  return Number.isFinite(value) ? value : refuseValue(text, slot, 'Expecting a number.')
}

function parseBoolean(text: string, slot: Slot): boolean {
  if (text === 'true') return true
  if (text === 'false') return false
  const lower = text.length === 4 || text.length === 5 ? text.toLowerCase() : ''
  return lower === 'true' || (lower !== 'false' && refuseValue(text, slot, 'Expecting true or false.'))
}

const moment = /^(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)?)?$/

/** ISO 8601, a day or a time; UTC where no offset is given. Source: EC2 API Reference, "Making API requests". */
function parseTimestamp(text: string, slot: Slot): Date {
  const [, year, month, day, hour = '00', minute = '00', second = '00', fraction = '.000', zone = 'Z'] =
    moment.exec(text) ?? []
  const local = `${year}-${month}-${day}T${hour}:${minute}:${second}${fraction.slice(0, 4).padEnd(4, '0')}`
  const asUtc = new Date(`${local}Z`)
  const value = new Date(`${local}${zone}`)
  const exists = !Number.isNaN(value.getTime()) && asUtc.toISOString() === `${local}Z` // No 30th of February, no 24:00.
  return exists ? value : refuseValue(text, slot, 'Expecting a time in ISO 8601 format.')
}

/** BASE64, broken into lines or not: some clients do. Never of the URL-safe alphabet. */
function parseBlob(text: string, slot: Slot): Uint8Array {
  try {
    return Uint8Array.fromBase64(text, { lastChunkHandling: 'strict' })
  } catch (thrown) {
    if (!(thrown instanceof SyntaxError)) throw thrown
    return refuse('InvalidParameterValue', { message: `Invalid BASE64 encoding of ${pathOf(slot)}` })
  }
}

function refuseValue(text: string, slot: Slot, expecting: string): never {
  const message = `Value (${clip(text)}) for parameter ${pathOf(slot)} is invalid. ${expecting}`
  return refuse('InvalidParameterValue', { message })
}
