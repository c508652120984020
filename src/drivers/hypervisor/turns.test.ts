import { describe, expect, it } from 'vitest'
import { Fault } from '../../base/fault.ts'
import { Turns } from './turns.ts'

const never = new AbortController().signal
const until = (abort: AbortSignal) =>
  new Promise<never>((_, reject) => abort.addEventListener('abort', () => reject(abort.reason)))

describe('turns', () => {
  it('come one after the other for a domain, and at once for others', async () => {
    const turns = new Turns()
    const seen: string[] = []
    const first = Promise.withResolvers<void>()
    const work = [
      turns.take('dom_1', 'boot', never, () => first.promise.then(() => void seen.push('first'))),
      turns.take('dom_1', 'button', never, async () => void seen.push('second')),
    ]
    await turns.take('dom_2', 'boot', never, async () => void seen.push('other'))
    first.resolve()
    await Promise.all(work)
    expect(seen).toEqual(['other', 'first', 'second'])
  })

  it('go on after one that failed', async () => {
    const turns = new Turns()
    const failed = turns.take('dom_1', 'boot', never, async () => {
      throw new Fault('no')
    })
    const next = turns.take('dom_1', 'boot', never, async () => 'yes')
    await expect(failed).rejects.toThrow('no')
    expect(await next).toBe('yes')
  })

  it.each([
    ['boot', 'kill', true],
    ['boot', 'forget', true],
    ['boot', 'button', false],
    ['reboot', 'button', true],
    ['reboot', 'kill', true],
    ['reboot', 'reboot', false],
  ] as const)('a %s that is under way, and then a %s: cut short is %s', async (first, then, cut) => {
    const turns = new Turns()
    const end = new AbortController()
    const long = turns.take('dom_1', first, end.signal, until)
    const outcome = expect(long).rejects.toThrow(cut ? `overridden by ${then}` : 'the caller gave up')
    const next = turns.take('dom_1', then, never, async () => 'done')
    if (!cut) end.abort(new Fault('the caller gave up'))
    await outcome
    expect(await next).toBe('done')
  })

  it('do not begin what was aborted while it waited', async () => {
    const turns = new Turns()
    const end = new AbortController()
    const first = Promise.withResolvers<void>()
    const before = turns.take('dom_1', 'boot', never, () => first.promise)
    const late = turns.take('dom_1', 'button', end.signal, async () => 'began')
    end.abort(new Fault('too late'))
    first.resolve()
    await before
    await expect(late).rejects.toThrow('too late')
  })
})
