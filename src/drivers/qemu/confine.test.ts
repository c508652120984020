import { expect, it } from 'vitest'
import { confined } from './confine.ts'

const command = ['qemu', '-a']

it('enters the namespace first, and gives up every power last', () => {
  const words = confined(command, { user: 1_600_000_001, groups: [36], namespace: 'vpc' })
  expect(words.slice(0, 3)).toEqual(['nsenter', '--net=/run/netns/vpc', 'setpriv'])
  expect(words).toEqual(expect.arrayContaining(['--reuid', '1600000001', '--regid', '--groups', '36']))
  expect(words).toEqual(expect.arrayContaining(['--no-new-privs', '--bounding-set=-all', '--inh-caps=-all']))
  expect(words.slice(-2)).toEqual(command)
})

it('has no network where there is none to enter, and no groups where none are needed', () => {
  const words = confined(command, { user: 1, groups: [] })
  expect(words.slice(0, 2)).toEqual(['unshare', '--net'])
  expect(words).toContain('--clear-groups')
})
