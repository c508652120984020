import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Pager } from './paging.ts'

const pager = new Pager(Buffer.from('secret'))
const self = (row: string) => row

test('the pages of any size are together the whole, in order', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.string()), fc.integer({ min: 1, max: 7 }), (unsorted, MaxResults) => {
      const rows = unsorted.toSorted((a, b) => (a < b ? -1 : 1))
      const seen: string[] = []
      for (let NextToken: string | undefined, first = true; first || NextToken; first = false) {
        const page = pager.cut('DescribeThings', rows, self, { MaxResults, NextToken })
        seen.push(...page.rows)
        NextToken = page.NextToken
      }
      expect(seen).toEqual(rows)
    }),
  )
})

test('a row that goes away between pages takes no other with it', () => {
  const first = pager.cut('DescribeThings', ['a', 'b', 'c'], self, { MaxResults: 2 })
  expect(pager.cut('DescribeThings', ['a', 'c'], self, { NextToken: first.NextToken }).rows).toEqual(['c'])
})

test('a token made up, cut short or of another operation is refused', () => {
  const { NextToken } = pager.cut('DescribeThings', ['a', 'b'], self, { MaxResults: 1 })
  for (const token of ['x', 'YWJj', `${NextToken}AA`]) {
    expect(() => pager.cut('DescribeThings', ['a'], self, { NextToken: token })).toThrow('The token is not valid')
  }
  expect(() => pager.cut('DescribeOthers', ['a'], self, { NextToken })).toThrow('The token is not valid')
})
