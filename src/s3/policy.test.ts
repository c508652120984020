import { expect, test } from 'vitest'
import { fits, judge, readPolicy } from './policy.ts'

test.each([
  ['s3:Get*', 's3:GetObject', true],
  ['*', '', true],
  ['a*c', 'abc', true],
  ['a*c', 'abcd', false],
  ['a?c', 'abc', true],
  ['a?c', 'ac', false],
  ['*ab', 'aab', true],
  ['a**b*', 'ab', true],
  ['', 'a', false],
  ['a.c', 'abc', false],
])('%s fits %s: %s', (pattern, text, expected) => {
  expect(fits(pattern, text)).toBe(expected)
})

test('a pattern of many stars costs no more than its length times that of the text', () => {
  expect(fits('*a'.repeat(5000), `${'a'.repeat(1000)}b`)).toBe(false)
})

const statement = (more: object) =>
  JSON.stringify({
    Statement: { Effect: 'Allow', Principal: '*', Action: 's3:*', Resource: 'arn:aws:s3:::b/*', ...more },
  })

test('says nothing of what it does not name', () => {
  const policy = readPolicy(statement({ Principal: { AWS: ['123456789012'] } }), 'b')
  expect(judge(policy, '123456789012', 's3:GetObject', 'arn:aws:s3:::b/k')).toBe('allow')
  expect(judge(policy, '123456789012', 's3:ListBucket', 'arn:aws:s3:::b')).toBeUndefined()
  expect(judge(policy, undefined, 's3:GetObject', 'arn:aws:s3:::b/k')).toBeUndefined()
})

test.each([
  ['no JSON', '{', 'MalformedPolicy'],
  ['another bucket', statement({ Resource: 'arn:aws:s3:::c/*' }), 'MalformedPolicy'],
  ['a bucket whose name begins alike', statement({ Resource: 'arn:aws:s3:::bb' }), 'MalformedPolicy'],
  ['nobody', statement({ Principal: { AWS: 'me' } }), 'MalformedPolicy'],
  ['an effect of its own', statement({ Effect: 'Maybe' }), 'MalformedPolicy'],
  ['a condition', statement({ Condition: {} }), 'NotImplemented'],
  ['a list', '[]', 'MalformedPolicy'],
])('%s is refused', (_, text, code) => {
  expect(() => readPolicy(text, 'b')).toThrow(expect.objectContaining({ code }))
})
