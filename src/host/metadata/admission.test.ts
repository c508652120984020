import { expect, test } from 'vitest'
import { FakeClock } from '../../base/clock.ts'
import { Admission } from './admission.ts'

const limits = { open: 2, burst: 4, perSecond: 2, connectionMs: 1000 }

test('a guest with too many connections is refused, then dropped, until one ends', () => {
  const admission = new Admission(limits, new FakeClock())
  expect([1, 2, 3, 4, 5].map(() => admission.enter('a'))).toEqual(['serve', 'serve', 'refuse', 'refuse', 'drop'])
  for (let ended = 0; ended < 4; ended++) admission.leave('a')
  expect(admission.enter('a')).toBe('serve')
})

test('a guest that comes too often has to wait', async () => {
  const clock = new FakeClock()
  const admission = new Admission(limits, clock)
  const visit = () => {
    const verdict = admission.enter('a')
    admission.leave('a')
    return verdict
  }
  expect([1, 2, 3, 4, 5].map(visit)).toEqual(['serve', 'serve', 'serve', 'serve', 'refuse'])
  await clock.advance(500)
  expect([1, 2].map(visit)).toEqual(['serve', 'refuse'])
})

test('one guest does not use up the rights of another', () => {
  const admission = new Admission(limits, new FakeClock())
  for (let visit = 0; visit < 100; visit++) admission.enter('a')
  expect(admission.enter('b')).toBe('serve')
})
