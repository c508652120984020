import { decode } from 'dns-packet'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { answer } from './answer.ts'
import { readQuery } from './query.ts'
import { handOn, hear } from './relay.ts'
import { reply, sizeFor } from './reply.ts'
import { ask, option, privateName, spec } from './testing.ts'

/** Any bytes, and questions of ours with some of their bytes changed. */
const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 600 }).map((it) => Buffer.from(it)),
  fc
    .tuple(
      fc.constantFrom(ask(privateName), ask('1.0.0.10.in-addr.arpa', 'PTR', { additionals: [option()] })),
      fc.array(fc.tuple(fc.nat(80), fc.nat(255)), { maxLength: 6 }),
    )
    .map(([whole, changes]) => {
      const it = Buffer.from(whole)
      for (const [at, value] of changes) if (at < it.length) it[at] = value
      return it
    }),
)

it('whatever arrives is answered in few bytes that can be read, or not at all', () => {
  fc.assert(
    fc.property(bytes, (it) => {
      const read = readQuery(it)
      if (!read || !('query' in read)) return
      const said = answer(read.query, spec)
      if (said === 'elsewhere') return
      const out = reply(read.query, said, sizeFor(read.query), true)
      expect(out.length).toBeLessThanOrEqual(sizeFor(read.query))
      const packet = decode(out)
      expect(packet.id).toBe(read.query.id)
      expect(out.subarray(12, 12 + read.query.question.bytes.length)).toEqual(read.query.question.bytes)
    }),
    { numRuns: 2000 },
  )
})

it("others' answers are handed on in bytes that fit, or not believed, whatever they are", () => {
  const read = readQuery(ask('example.com'))
  if (!read || !('query' in read)) throw new Error('it is a question')
  const { query } = read
  const head = Buffer.concat([Buffer.from([0x12, 0x34, 0x81, 0x80, 0, 1]), Buffer.alloc(6), query.question.bytes])
  const answers = fc
    .tuple(fc.uint8Array({ minLength: 6, maxLength: 6 }), fc.uint8Array({ maxLength: 700 }))
    .map(([counts, rest]) => {
      const it = Buffer.concat([head, Buffer.from(rest)])
      for (const [index, count] of counts.entries()) it[6 + index] = index % 2 === 0 ? 0 : count % 4
      return it
    })
  fc.assert(
    fc.property(answers, fc.nat(5000), (it, ageSeconds) => {
      let heard: ReturnType<typeof hear>
      try {
        heard = hear(it, 0x1234, query.question)
      } catch (error) {
        expect(error).toBeInstanceOf(Error) // It breaks off: the asker hears SERVFAIL.
        return
      }
      if (!heard) return
      const out = handOn(query, heard, ageSeconds, sizeFor(query))
      expect(out.length).toBeLessThanOrEqual(512)
      expect(out.readUInt16BE(0)).toBe(query.id)
    }),
    { numRuns: 2000 },
  )
})
