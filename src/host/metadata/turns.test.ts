import { expect, test } from 'vitest'
import { FakeClock } from '../../base/clock.ts'
import { Slots } from '../../base/slots.ts'
import { GuestTurns } from './turns.ts'

const never = new AbortController().signal

function turnsOf(count: number) {
  const slots = new Slots(count)
  const clock = new FakeClock()
  const turns = new GuestTurns(slots, clock)
  const begun: string[] = []
  const begin = (vif: `eni-${string}`, abort = never) => turns.begin(vif, abort).then(() => begun.push(vif))
  return { slots, clock, turns, begun, begin }
}

const soon = () => new Promise((resolve) => setImmediate(resolve))

test('guests that are up go on one after another, and after those that come up', async () => {
  const { slots, turns, begun, begin } = turnsOf(1)
  const leave = await slots.take(never)
  for (const vif of ['eni-1', 'eni-2'] as const) {
    turns.expect(vif)
    void begin(vif)
  }
  const comesUp = slots.take(never)
  leave()
  const isUp = await comesUp
  await soon()
  expect(begun).toEqual([])
  isUp()
  await soon()
  expect(begun).toEqual(['eni-1'])
  turns.end('eni-1')
  await soon()
  expect(begun).toEqual(['eni-1', 'eni-2'])
})

test('a guest that does not say that it is done has had its turn after ten seconds', async () => {
  const { slots, clock, turns, begun, begin } = turnsOf(1)
  turns.expect('eni-1')
  await begin('eni-1')
  const next = slots.take(never)
  await clock.advance(9_999)
  let taken = false
  void next.then(() => (taken = true))
  await soon()
  expect(taken).toBe(false)
  await clock.advance(1)
  await next
  expect(begun).toEqual(['eni-1'])
})

test('a guest that had its turn, or was not started of late, waits for nobody and holds up nobody', async () => {
  const { slots, turns, begin } = turnsOf(1)
  turns.expect('eni-1')
  await begin('eni-1')
  await begin('eni-1')
  await begin('eni-2')
  turns.end('eni-1')
  await slots.idle
})

test('a guest that hangs up while it waits has no turn', async () => {
  const { slots, turns, begin } = turnsOf(1)
  const leave = await slots.take(never)
  const gone = new AbortController()
  turns.expect('eni-1')
  const begun = begin('eni-1', gone.signal)
  gone.abort(new Error('it hung up'))
  await expect(begun).rejects.toThrow('it hung up')
  leave()
  await slots.idle
})
