import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Fault, Retry } from '../base/fault.ts'
import { seededRandom } from '../base/random.ts'
import { pauseAfter } from './backoff.ts'

const arguments_ = fc.tuple(fc.integer({ min: 1, max: 1_000_000 }), fc.integer({ min: 1, max: 600_000 }), fc.string())

test('a pause is never nothing, and never longer than a minute or what was asked for', () => {
  fc.assert(
    fc.property(arguments_, ([attempts, afterMs, seed]) => {
      const ms = pauseAfter(attempts, new Retry('busy', afterMs), seededRandom(seed))
      expect(ms).toBeGreaterThanOrEqual(1)
      expect(ms).toBeLessThanOrEqual(Math.max(60_000, afterMs))
    }),
  )
})

test('the pause grows with the attempts until it is a minute', () => {
  const random = { bytes: (length: number) => Buffer.alloc(length, 0xff) }
  const pauses = [1, 2, 3, 4, 5, 6, 7, 8, 100].map((attempts) => pauseAfter(attempts, new Fault('broken'), random))
  expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000])
})
