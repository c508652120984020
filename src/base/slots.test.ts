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
