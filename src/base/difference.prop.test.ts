import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Difference, differenceOf, type Json, withDifference } from './difference.ts'

const { tree } = fc.letrec<{ tree: Json; list: Json[]; named: Json[]; fields: Record<string, Json> }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, true, 0, 1, 'a', 'b', ''),
    tie('list'),
    tie('named'),
    tie('fields'),
  ),
  list: fc.array(tie('tree'), { maxLength: 5 }),
  named: fc.uniqueArray(fc.record({ id: fc.constantFrom(...'abcdefgh'), of: tie('tree') }), {
    maxLength: 6,
    selector: (it) => it.id,
  }),
  fields: fc.dictionary(fc.constantFrom('a', 'b', 'id', 'to', '__proto__', 'constructor'), tie('tree'), {
    noNullPrototype: true,
  }),
}))

const clone = (it: Json): Json => JSON.parse(JSON.stringify(it)) as Json
const json = tree.map(clone)

test('a difference leads from the one to the other, sent as text too', () => {
  fc.assert(
    fc.property(json, json, (before, after) => {
      const difference = differenceOf(before, after)
      const made = difference ? withDifference(clone(before), clone(difference as Json) as Difference) : before
      expect(clone(made)).toEqual(clone(after))
    }),
    { numRuns: 2_000 },
  )
})

test('equal values do not differ', () => {
  fc.assert(
    fc.property(json, (value) => {
      expect(differenceOf(value, clone(value))).toBeUndefined()
    }),
  )
})

test('what does not differ is the same object afterwards', () => {
  const guests = Array.from({ length: 1_000 }, (_, index) => ({ id: `i-${index}`, tags: { name: `${index}` } }))
  const before = { guests, groups: [{ id: 'sg-1', members: guests.map((it) => it.id) }] }
  const more = { id: 'i-new', tags: { name: 'new' } }
  const changed = { ...guests[500]!, tags: { name: 'other' } }
  const after = {
    groups: [{ id: 'sg-1', members: [...guests.slice(1).map((it) => it.id), more.id] }],
    guests: [...guests.slice(1, 500), changed, ...guests.slice(501), more],
  }
  const difference = differenceOf(before, after)!
  expect(JSON.stringify(difference).length).toBeLessThan(300)
  const made = withDifference(before, difference) as typeof before
  expect(made).toEqual(after)
  expect(made.guests[0]).toBe(guests[1])
})

test('a difference of something else is refused', () => {
  const difference = differenceOf([{ id: 'a' }, { id: 'b' }], [{ id: 'b' }, { id: 'c' }])!
  expect(() => withDifference({ a: 1 }, difference)).toThrow('no list')
  expect(() => withDifference([], difference)).toThrow('not there')
  expect(() => withDifference([], differenceOf({ a: 1 }, { a: 2 })!)).toThrow('no object')
})
