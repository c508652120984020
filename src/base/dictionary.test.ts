import { setFlagsFromString } from 'node:v8'
import { expect, test } from 'vitest'
import { dictionaryOf } from './dictionary.ts'

setFlagsFromString('--allow-natives-syntax')
/** Whether V8 gives objects that begin with a key which none had before the same hidden class. */
const isClassShared = new Function(
  'key',
  'const made = () => ({ ...{}, [key]: 1 }); return %HaveSameMap(made(), made())',
) as (key: string) => boolean

const entriesOf = (count: number) => Array.from({ length: count }, (_, index) => [[`id-${index}`, index]] as const)

test('any number of dictionaries leaves room for the hidden classes of others, which plain objects use up', () => {
  const dictionaries = entriesOf(3000).map((it) => dictionaryOf(it))
  expect(isClassShared('first')).toBe(true)
  expect(dictionaries[1]).toEqual({ 'id-1': 1 })
  const plain = entriesOf(3000).map((it) => Object.fromEntries(it))
  expect(isClassShared('second')).toBe(false)
  expect(plain).toHaveLength(dictionaries.length)
})

test('a key of any name is one of its own', () => {
  const table = dictionaryOf([['__proto__', 'a'] as const, ['constructor', 'b'] as const])
  expect(JSON.stringify(table)).toBe('{"__proto__":"a","constructor":"b"}')
  expect(table['toString']).toBeUndefined()
})
