import { expect, test } from 'vitest'
import { inGrowingLists } from './addresses.ts'

test.each([0, 1, 8, 9, 251, 65_531])('%i numbers come in lists that grow, each once', (size) => {
  const lists = [...inGrowingLists(size)]
  expect(lists.flat()).toEqual(Array.from({ length: size }, (_, index) => index))
  expect(Math.max(0, ...lists.map((it) => it.length))).toBeLessThanOrEqual(1024)
  expect(lists[0]?.length ?? 0).toBe(Math.min(size, 8))
})
