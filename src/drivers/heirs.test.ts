import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { userOfDomain, userOfStandby } from '../model/domain-user.ts'
import { Heirs } from './heirs.ts'

const legacy = { user: userOfStandby(3), tap: { namespace: 'by', tap: 'sb-1' }, vif: 'eni-1' } as const
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'heirs-'))
})
afterAll(() => rm(folder, { recursive: true }))

it('knows whose a domain’s process is after a restart, until nothing is left of the domain', () => {
  new Heirs(folder).add('dom_7', legacy)
  const later = new Heirs(folder)
  expect([later.userOf('dom_7'), later.userOf('dom_8')]).toEqual([legacy.user, userOfDomain('dom_8')])
  expect(later.users).toEqual(new Set([legacy.user]))
  later.remove('dom_7')
  later.remove('dom_7')
  expect(new Heirs(folder).userOf('dom_7')).toBe(userOfDomain('dom_7'))
})

it('has a tap for the vif that its process has it open for, and for no other', () => {
  const heirs = new Heirs()
  heirs.add('dom_7', legacy)
  expect(heirs.tapFor('dom_7', 'eni-1')).toEqual(legacy.tap)
  expect(heirs.tapFor('dom_7', 'eni-2')).toBeUndefined()
  expect(heirs.tapFor('dom_8', 'eni-1')).toBeUndefined()
})
