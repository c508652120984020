import { decode, type Packet } from 'dns-packet'

/** What was asked, read strictly: one question in class IN or another, nothing answered yet. */
export interface Query {
  readonly id: number
  /** Recursion desired, checking disabled: both are told back. */
  readonly recursion: boolean
  readonly unchecked: boolean
  readonly question: Question
  /** What the asker says of itself, if it knows EDNS. `size`: bytes of UDP that it takes. */
  readonly edns?: { readonly size: number; readonly version: number; readonly dnssec: boolean }
}

export interface Question {
  /** Without the root's; lower case; one character a byte. */
  readonly labels: readonly string[]
  readonly type: number
  readonly class: number
  /** As it was sent: it is told back so, letter case included. */
  readonly bytes: Buffer
}

/** A message that gets no more than a code, or not even that. */
export type Read = { readonly query: Query } | { readonly id: number; readonly rcode: number } | undefined

export const rcodes = { noError: 0, formErr: 1, servFail: 2, nxDomain: 3, notImp: 4, refused: 5, badVers: 16 } as const
const headBytes = 12
/** An OPT, and what else clients sign or pad with. */
const mostAdditionals = 4

/** Reads any bytes. Undefined: not even a question, or an answer; to that nothing must be said. Source: RFC 1035, section 4.1. */
export function readQuery(bytes: Buffer): Read {
  if (bytes.length < headBytes || (bytes[2]! & 0x80) !== 0) return undefined // long enough
  const id = bytes.readUInt16BE(0)
  if ((bytes[2]! & 0x78) !== 0) return { id, rcode: rcodes.notImp }
  const [questions, answers, authorities, additionals] = [4, 6, 8, 10].map((at) => bytes.readUInt16BE(at))
  const plausible = questions === 1 && answers === 0 && authorities === 0 && additionals! <= mostAdditionals // one of four
  const question = plausible ? readQuestion(bytes) : undefined
  const packet = question && decoded(bytes)
  if (!packet) return { id, rcode: rcodes.formErr }
  const options = (packet.additionals ?? []).flatMap((it) => (it.type === 'OPT' ? [it] : []))
  if (options.length > 1) return { id, rcode: rcodes.formErr }
  const edns = options[0] && {
    size: options[0].udpPayloadSize,
    version: options[0].ednsVersion,
    dnssec: (options[0].flags & 0x8000) !== 0,
  }
  const flags = { recursion: (bytes[2]! & 1) !== 0, unchecked: (bytes[3]! & 0x10) !== 0 } // long enough
  return { query: { id, ...flags, question, ...(edns && { edns }) } }
}

/** The question, which is never compressed: there is nothing before it to point to. */
export function readQuestion(bytes: Buffer): Question | undefined {
  const labels: string[] = []
  let at = headBytes
  for (let length = bytes[at]; length !== 0; length = bytes[at]) {
    if (length === undefined || length > 63 || at - headBytes + length > 253) return undefined
    labels.push(lowerCase(bytes.toString('latin1', at + 1, at + 1 + length)))
    at += 1 + length
  }
  const end = at + 5
  if (end > bytes.length) return undefined
  const [type, klass] = [bytes.readUInt16BE(at + 1), bytes.readUInt16BE(at + 3)]
  return { labels, type, class: klass, bytes: bytes.subarray(headBytes, end) }
}

/** Only ASCII has cases in DNS. Source: RFC 4343, section 3. */
function lowerCase(text: string): string {
  return text.replace(/[A-Z]/g, (it) => it.toLowerCase())
}

/** The whole message, where all of it can be read. */
function decoded(bytes: Buffer): Packet | undefined {
  try {
    return decode(bytes)
  } catch {
    return undefined // Whatever is wrong with it, the asker hears FORMERR.
  }
}
