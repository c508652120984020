import { Fault } from '../../base/fault.ts'
import type { Query, Question } from './query.ts'
import { readQuestion } from './query.ts'
import { assemble } from './reply.ts'

/** Another server's answer, taken apart as far as handing it on needs. */
export interface Heard {
  readonly rcode: number
  readonly truncated: boolean
  readonly counts: readonly [number, number, number, number]
  /** All records before its OPT; names in them may point to the question, which ours has at the same place. */
  readonly records: Buffer
  /** Where in `records` the records' times to live are. */
  readonly times: readonly number[]
  /** How long it may be kept: the least of those times. Undefined: not at all. */
  readonly keepSeconds: number | undefined
}

const headBytes = 12
const optType = 41
const soaType = 6
/** What is kept is asked for again after this, whatever it said. */
const longestKeptSeconds = 3600
const keepable = [0, 3]

/** Reads an answer to `question` with this id; undefined if it is not one. Throws where it breaks off in the middle. */
export function hear(bytes: Buffer, id: number, question: Question): Heard | undefined {
  if (bytes.length < headBytes || bytes.readUInt16BE(0) !== id || (bytes[2]! & 0xf8) !== 0x80) return undefined // long enough
  const echoed = bytes.readUInt16BE(4) === 1 ? readQuestion(bytes) : undefined
  if (!echoed || !sameQuestion(echoed, question)) return undefined
  const reader = new RecordReader(bytes, headBytes + echoed.bytes.length)
  const answers = reader.section(bytes.readUInt16BE(6))
  const authorities = reader.section(bytes.readUInt16BE(8))
  const additionals = reader.section(bytes.readUInt16BE(10))
  const rcode = (bytes[3]! & 0xf) | (reader.upperCode << 4)
  const truncated = (bytes[2]! & 2) !== 0
  const times = reader.records.map((it) => it.ttlSeconds)
  const hasContent = answers > 0 || reader.records.some((it) => it.type === soaType)
  const keeps = !truncated && keepable.includes(rcode) && hasContent
  const least = Math.min(longestKeptSeconds, ...times, ...reader.records.flatMap((it) => it.negativeSeconds ?? []))
  const start = headBytes + echoed.bytes.length
  return {
    rcode,
    truncated,
    counts: [1, answers, authorities, additionals],
    records: bytes.subarray(start, reader.end),
    times: reader.records.map((it) => it.ttlAt - start),
    keepSeconds: keeps && least > 0 ? least : undefined,
  }
}

/** What was heard, as a reply to `query`, `ageSeconds` after it was heard. */
export function handOn(query: Query, heard: Heard, ageSeconds: number, most: number): Buffer {
  const records = Buffer.from(heard.records)
  for (const at of heard.times) records.writeUInt32BE(Math.max(0, records.readUInt32BE(at) - ageSeconds), at)
  return assemble(query, { rcode: heard.rcode, counts: heard.counts, records }, most, true)
}

function sameQuestion(one: Question, other: Question): boolean {
  const sameName = one.labels.length === other.labels.length && one.labels.every((it, at) => it === other.labels[at])
  return sameName && one.type === other.type && one.class === other.class
}

interface SeenRecord {
  readonly type: number
  readonly ttlAt: number
  readonly ttlSeconds: number
  /** What an SOA says of names that are not there. Source: RFC 2308, section 4. */
  readonly negativeSeconds?: number
}

/** Walks over records. An OPT, and what may come after it, is left out. Source: RFC 1035, section 4.1.3. */
class RecordReader {
  readonly records: SeenRecord[] = []
  upperCode = 0
  end: number
  readonly #bytes: Buffer
  #ended = false

  constructor(bytes: Buffer, start: number) {
    this.#bytes = bytes
    this.end = start
  }

  /** Reads `count` records; how many of them were taken. */
  section(count: number): number {
    for (let taken = 0; taken < count; taken++) {
      if (this.#ended) return taken
      const at = this.#afterName(this.end)
      const type = this.#bytes.readUInt16BE(at)
      const next = at + 10 + this.#bytes.readUInt16BE(at + 8)
      if (next > this.#bytes.length) throw new Fault('an answer breaks off in a record')
      if (type === optType) {
        this.upperCode = this.#bytes[at + 4]! // within: checked above
        this.#ended = true
        return taken
      }
      const ttlSeconds = this.#bytes.readUInt32BE(at + 4)
      const negative =
        type === soaType && next - at >= 14 ? { negativeSeconds: this.#bytes.readUInt32BE(next - 4) } : {}
      this.records.push({ type, ttlAt: at + 4, ttlSeconds, ...negative })
      this.end = next
    }
    return count
  }

  #afterName(at: number): number {
    for (let here = at; here < this.#bytes.length; ) {
      const length = this.#bytes[here]! // within: the loop's condition
      if (length === 0) return here + 1
      if (length >= 0xc0) return here + 2
      here += 1 + length
    }
    throw new Fault('an answer breaks off in a name')
  }
}
