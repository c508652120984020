import fc from 'fast-check'
import { expect, test } from 'vitest'
import { filterRows, pattern, tagFilters } from './filters.ts'

test.each([
  ['*', '', true],
  ['a*c', 'abbbc', true],
  ['a*c', 'abcd', false],
  ['a?c', 'abc', true],
  ['a?c', 'ac', false],
  ['a\\*c', 'a*c', true],
  ['a\\*c', 'abc', false],
  ['*.internal', 'ip-1.internal', true],
  ['?', '😀', true],
  ['A', 'a', false],
])('the value %s against %s is %s', (value, text, expected) => {
  expect(pattern(value)(text)).toBe(expected)
})

test('a value matches as the regular expression it stands for', () => {
  const letters = fc.array(fc.constantFrom('a', 'b', '*', '?'), { maxLength: 8 }).map((it) => it.join(''))
  const texts = fc.array(fc.constantFrom('a', 'b'), { maxLength: 12 }).map((it) => it.join(''))
  fc.assert(
    fc.property(letters, texts, (value, text) => {
      const expression = new RegExp(`^${value.replaceAll('*', '.*').replaceAll('?', '.')}$`)
      expect(pattern(value)(text)).toBe(expression.test(text))
    }),
  )
})

const rows = [
  { id: 'i-1', tags: { env: 'prod', 'a:b': '' } as Record<string, string> },
  { id: 'i-2', tags: { env: 'test' } as Record<string, string> },
]
const table = { id: (row: (typeof rows)[number]) => row.id, ...tagFilters<(typeof rows)[number]>() }
const ids = (filters: Parameters<typeof filterRows>[1]) => filterRows(rows, filters, table).map((it) => it.id)

test('values of one filter are alternatives, several filters must all hold', () => {
  expect(ids([{ Name: 'id', Values: ['i-1', 'i-2'] }])).toEqual(['i-1', 'i-2'])
  expect(
    ids([
      { Name: 'id', Values: ['i-*'] },
      { Name: 'tag:env', Values: ['prod'] },
    ]),
  ).toEqual(['i-1'])
})

test('a tag that is not there matches nothing, not even a star', () => {
  expect(ids([{ Name: 'tag:owner', Values: ['*'] }])).toEqual([])
  expect(ids([{ Name: 'tag:a:b', Values: [''] }])).toEqual(['i-1'])
  expect(ids([{ Name: 'tag:constructor', Values: ['*'] }])).toEqual([])
})

test('an unknown filter is refused, whatever its name', () => {
  expect(() => ids([{ Name: 'colour', Values: ['red'] }])).toThrow("The filter 'colour' is invalid")
  expect(() => ids([{ Name: '__proto__', Values: ['x'] }])).toThrow("The filter '__proto__' is invalid")
})

test('more filters, values or characters than EC2 takes are refused: comparing them is our work', () => {
  const many = (count: number) => Array.from({ length: count }, (_, index) => `i-${index}`)
  expect(ids([{ Name: 'id', Values: many(200) }])).toEqual(['i-1', 'i-2'])
  expect(() => ids([{ Name: 'id', Values: many(201) }])).toThrow(
    expect.objectContaining({ code: 'FilterLimitExceeded' }),
  )
  expect(() => ids(many(51).map((it) => ({ Name: 'id', Values: [it] })))).toThrow(
    expect.objectContaining({ code: 'FilterLimitExceeded' }),
  )
  const two = [many(150), many(51)].map((Values) => ({ Name: 'id', Values }))
  expect(() => ids(two)).toThrow('The maximum number of filter values specified on a single call is 200')
  expect(ids([{ Name: 'id', Values: ['*'.repeat(255)] }])).toEqual(['i-1', 'i-2'])
  expect(() => ids([{ Name: 'id', Values: ['*'.repeat(256)] }])).toThrow('255')
})

test('filters made to be slow are refused before they are, and ordinary ones never', () => {
  const row = { tags: Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`${index}`, 'a'.repeat(256)])) }
  const rows = Array.from({ length: 1_000 }, () => row)
  const passing = (value: string) => {
    const Values = Array.from({ length: 200 }, (_, index) => `${value}${index}`)
    return filterRows(rows, [{ Name: 'tag-value', Values }], tagFilters<typeof row>())
  }
  expect(() => passing(`*${'?'.repeat(120)}${'a'.repeat(120)}b`)).toThrow(
    expect.objectContaining({ code: 'FilterLimitExceeded' }),
  )
  expect(passing('an ordinary value ')).toEqual([])
  const one = [{ Name: 'tag-value', Values: ['web-*', '*-db-?'] }]
  expect(filterRows(rows, one, tagFilters<typeof row>())).toEqual([])
})
