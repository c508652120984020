import { setTimeout as delay } from 'node:timers/promises'
import { expect, it } from 'vitest'
import { Turns, together } from './turns.ts'

it('runs one after another for a key, also after one that failed', async () => {
  const turns = new Turns()
  const seen: string[] = []
  const work =
    (name: string, fail = false) =>
    async () => {
      seen.push(`${name} begins`)
      await delay(1)
      seen.push(`${name} ends`)
      if (fail) throw new Error(name)
    }
  const first = turns.run('a', work('one', true))
  const second = turns.run('a', work('two'))
  await expect(first).rejects.toThrow('one')
  await second
  expect(seen).toEqual(['one begins', 'one ends', 'two begins', 'two ends'])
})

it('lets keys pass each other', async () => {
  const turns = new Turns()
  const { promise, resolve } = Promise.withResolvers<void>()
  const waiting = turns.run('a', () => promise)
  await turns.run('b', async () => resolve())
  await waiting
})

it('fails only when all that began has ended', async () => {
  let ended = false
  const slow = delay(5).then(() => {
    ended = true
  })
  await expect(together(slow, Promise.reject(new Error('quick')))).rejects.toThrow('quick')
  expect(ended).toBe(true)
})
