import { expect, it } from 'vitest'
import { Slots } from './slots.ts'

const never = new AbortController().signal

it('lets so many through at a time, in the order in which they came', async () => {
  const slots = new Slots(2)
  const order: number[] = []
  const [first, second] = [await slots.take(never), await slots.take(never)]
  const later = [3, 4].map((number) => slots.take(never).then((give) => ({ give, number: order.push(number) })))
  await Promise.resolve()
  expect(order).toEqual([])
  first()
  first()
  const { give } = await later[0]!
  expect(order).toEqual([3])
  give()
  await later[1]
  expect(order).toEqual([3, 4])
  second()
})

it('forgets who no longer waits', async () => {
  const slots = new Slots(1)
  const give = await slots.take(never)
  const end = new AbortController()
  const gone = slots.take(end.signal)
  const patient = slots.take(never)
  end.abort(new Error('enough'))
  await expect(gone).rejects.toThrow('enough')
  give()
  expect(await patient).toBeTypeOf('function')
})

it('lets those through that come last once nobody else waits', async () => {
  const slots = new Slots(1)
  const give = await slots.take(never)
  const order: string[] = []
  const noted = (name: string, last: boolean) =>
    slots.take(never, { last }).then((it) => {
      order.push(name)
      return it
    })
  const last = noted('last', true)
  const first = noted('first', false)
  give()
  const next = await first
  expect(order).toEqual(['first'])
  next()
  await last
  expect(order).toEqual(['first', 'last'])
})

it('tells when nobody has one any more', async () => {
  const slots = new Slots(2)
  await slots.idle
  const [one, other] = [await slots.take(never), await slots.take(never)]
  let idle = false
  const told = slots.idle.then(() => (idle = true))
  one()
  await Promise.resolve()
  expect(idle).toBe(false)
  other()
  await told
})
