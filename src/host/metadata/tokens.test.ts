import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { seededRandom, systemRandom } from '../../base/random.ts'
import { openTokenKey, tokensOf } from './tokens.ts'

const now = new Date('2026-01-01T00:00:00.000Z')
const later = (seconds: number) => new Date(now.getTime() + seconds * 1000)
const tokens = tokensOf(Buffer.alloc(32, 7), seededRandom('tokens'))

test('a token looks like one of EC2', () => {
  expect(tokens.mint('eni-1', 60, now)).toMatch(/^[A-Za-z0-9_-]{54}==$/)
})

test('a token holds for its time and not longer', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 21_600 }), fc.integer({ min: 0, max: 30_000 }), (ttl, age) => {
      const left = tokens.secondsLeft('eni-1', tokens.mint('eni-1', ttl, now), later(age))
      expect(left).toBe(age < ttl ? ttl - age : undefined)
    }),
  )
})

test('a token is of no use to another interface, or with another key', () => {
  const token = tokens.mint('eni-1', 60, now)
  expect(tokens.secondsLeft('eni-2', token, now)).toBeUndefined()
  expect(tokensOf(Buffer.alloc(32, 8), systemRandom).secondsLeft('eni-1', token, now)).toBeUndefined()
})

test('a token with any of its bits changed does not hold', () => {
  const bytes = Buffer.from(tokens.mint('eni-1', 60, now), 'base64url')
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const forged = Buffer.from(bytes)
    forged[bit >> 3] = (forged[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    expect(tokens.secondsLeft('eni-1', `${forged.toString('base64url')}==`, now)).toBeUndefined()
  }
})

test('text that is no token does not hold', () => {
  fc.assert(fc.property(fc.string(), (text) => tokens.secondsLeft('eni-1', text, now) === undefined))
})

test('a new agent honours the tokens of the old one', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'token-key-'))
  onTestFinished(() => rm(directory, { recursive: true }))
  const file = join(directory, 'new', 'token.key')
  const keys = await Promise.all([1, 2, 3].map(() => openTokenKey(file, systemRandom)))
  const [before, ...others] = keys.map((key) => tokensOf(key, systemRandom))
  const token = before?.mint('eni-1', 60, now) ?? ''
  for (const after of others) expect(after.secondsLeft('eni-1', token, now)).toBe(60)
  expect((await stat(file)).mode & 0o777).toBe(0o600)
})
