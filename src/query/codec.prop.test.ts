import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { XMLParser } from 'fast-xml-parser'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ApiError } from '../model/errors.ts'
import { type Codec, openCodec } from './codec.ts'
import { escapeAttribute, escapeText } from './xml.ts'

let cache: string
let ec2: Codec

beforeAll(async () => {
  cache = await mkdtemp(join(tmpdir(), 'codec-prop-'))
  ec2 = await openCodec('ec2', cache)
})
afterAll(() => rm(cache, { recursive: true }))

const known = [
  'ImageId',
  'MinCount',
  'BlockDeviceMapping',
  'Ebs',
  'VolumeSize',
  'TagSpecification',
  'Tag',
  'Key',
  'Placement',
]
const hostile = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'length',
  '',
  '-1',
  '1e3',
  '999999999999',
  'member',
]
const part = fc.oneof(fc.constantFrom(...known), fc.constantFrom(...hostile), fc.nat(3).map(String), fc.string())
const name = fc.array(part, { minLength: 1, maxLength: 8 }).map((parts) => parts.join('.'))
const value = fc.oneof(fc.string(), fc.constantFrom('1', 'true', '', '__proto__'))

test('any request is decoded or refused, and leaves no trace on other objects', () => {
  const before = Object.getOwnPropertyNames(Object.prototype)
  fc.assert(
    fc.property(fc.array(fc.tuple(name, value), { maxLength: 20 }), (params) => {
      const all: [string, string][] = [['MaxCount', '1'], ['MinCount', '1'], ...params]
      try {
        expect(Object.getPrototypeOf(ec2.decode('RunInstances', all))).toBe(Object.prototype)
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(ApiError)
      }
    }),
    { numRuns: 2_000 },
  )
  expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(before)
})

test('the order of parameters does not matter', () => {
  const ids = fc.uniqueArray(fc.nat(1000), { minLength: 1, maxLength: 20 })
  fc.assert(
    fc.property(ids, fc.infiniteStream(fc.nat()), (numbers, ranks) => {
      const params = numbers.map((it) => [`InstanceId.${it}`, `i-${it}`] as const)
      const shuffled = params.map((it) => ({ it, rank: ranks.next().value })).sort((a, b) => a.rank - b.rank)
      const sorted = numbers.toSorted((a, b) => a - b).map((it) => `i-${it}`)
      expect(
        ec2.decode(
          'StopInstances',
          shuffled.map(({ it }) => it),
        ),
      ).toEqual({ InstanceIds: sorted })
    }),
  )
})

/** What XML 1.0 can't say, said as U+FFFD. */
function allowed(text: string): string {
  const kept = [...text].map((it) => {
    const code = it.codePointAt(0)!
    const control = code < 0x20 && !'\t\n\r'.includes(it)
    return control || (code >= 0xd800 && code <= 0xdfff) || code === 0xfffe || code === 0xffff ? '\ufffd' : it
  })
  return kept.join('')
}

const anyText = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom(...' \t\n\r\u00a0\u2000\ufeff&<"a\0\ud800😀') }),
)

test('text survives a parser that trims; what XML forbids becomes U+FFFD', () => {
  const options = { ignoreAttributes: false, attributeNamePrefix: '', parseTagValue: false, htmlEntities: true }
  const parser = new XMLParser({ ...options, trimValues: true })
  fc.assert(
    fc.property(anyText, (text) => {
      const parsed = parser.parse(`<x>${escapeText(text)}</x>`) as { x: string }
      expect(parsed.x).toBe(allowed(text))
      const attributed = parser.parse(`<x a="-${escapeAttribute(text)}-"/>`) as { x: { a: string } }
      expect(attributed.x.a).toBe(`-${allowed(text)}-`)
    }),
    { numRuns: 2_000 },
  )
})
