import { type Answer, encode, RECURSION_AVAILABLE, RECURSION_DESIRED } from 'dns-packet'
import type { Query } from './query.ts'

export interface Said {
  readonly rcode: number
  /** We are who knows it: the authority. */
  readonly own?: boolean
  readonly answers?: readonly Answer[]
  readonly authorities?: readonly Answer[]
}

/** What we take over UDP, and at most send: no packet on the way must be cut. Source: DNS Flag Day 2020. */
export const ownSize = 1232
/** Source: RFC 1035, section 4.2.1: what an asker takes that does not know EDNS. */
const plainSize = 512
export const largest = 65_535

const bits = { answer: 0x8000, authoritative: 0x0400, truncated: 0x0200, unchecked: 0x0010 }

/** How long an answer over UDP may be. Source: RFC 6891, section 6.2.3. */
export function sizeFor({ edns }: Query): number {
  return edns ? Math.min(Math.max(edns.size, plainSize), ownSize) : plainSize
}

/** A reply in bytes, of at most `most`: what does not fit is left out, and the asker told to come again over TCP. */
export function reply(query: Query, said: Said, most: number, recursive: boolean): Buffer {
  const { answers = [], authorities = [] } = said
  const records = encode({ type: 'response', answers: [...answers], authorities: [...authorities] }).subarray(12)
  const counts = [1, answers.length, authorities.length] as const
  return assemble(query, { ...said, counts, records }, most, recursive)
}

interface Parts {
  readonly rcode: number
  readonly own?: boolean
  /** Questions, answers, authorities, and additionals without ours. */
  readonly counts: readonly number[]
  /** All records; names in them may point to the question. */
  readonly records: Buffer
}

/** Head, question, records, and our own OPT if the asker had one. */
export function assemble(query: Query, parts: Parts, most: number, recursive: boolean): Buffer {
  const { counts, records, rcode, own = false } = parts
  const { question, edns } = query
  const option = edns ? optionBytes(rcode, edns.dnssec) : Buffer.alloc(0)
  const cut = 12 + question.bytes.length + records.length + option.length > most
  const [questions = 1, answers = 0, authorities = 0, additionals = 0] = cut ? [1] : counts
  const head = Buffer.alloc(12)
  head.writeUInt16BE(query.id, 0)
  head.writeUInt16BE(flagsOf(query, rcode, { own, cut, recursive }), 2)
  for (const [index, count] of [questions, answers, authorities, additionals + (edns ? 1 : 0)].entries())
    head.writeUInt16BE(count, 4 + 2 * index)
  return Buffer.concat([head, question.bytes, cut ? Buffer.alloc(0) : records, option])
}

/** A head alone: for what could not be read. */
export function bareReply(id: number, rcode: number): Buffer {
  const head = Buffer.alloc(12)
  head.writeUInt16BE(id, 0)
  head.writeUInt16BE(bits.answer | (rcode & 0xf), 2)
  return head
}

function flagsOf(query: Query, rcode: number, is: { own: boolean; cut: boolean; recursive: boolean }): number {
  const chosen = [
    is.own ? bits.authoritative : 0,
    is.cut ? bits.truncated : 0,
    is.recursive ? RECURSION_AVAILABLE : 0,
    query.recursion ? RECURSION_DESIRED : 0,
    query.unchecked ? bits.unchecked : 0,
  ]
  return chosen.reduce((sum, it) => sum | it, bits.answer | (rcode & 0xf))
}

/** OPT of version 0, with the upper bits of the code. Source: RFC 6891, section 6.1.2; RFC 3225 for the flag. */
function optionBytes(rcode: number, dnssec: boolean): Buffer {
  const bytes = Buffer.alloc(11)
  bytes.writeUInt16BE(41, 1)
  bytes.writeUInt16BE(ownSize, 3)
  bytes.writeUInt8(rcode >> 4, 5)
  bytes.writeUInt16BE(dnssec ? 0x8000 : 0, 7)
  return bytes
}
