import { expect, test } from 'vitest'
import { complaints, describeStatus, isLocked, missingAmong } from './debian.cjs'
import { needsOf } from './needs.cjs'

const needs = {
  nftables: { programs: ['nft'], why: 'rules' },
  procps: { programs: ['sysctl'], why: 'settings' },
  awscli: { programs: ['aws'], why: 'a client' },
}

test('a package is missing unless dpkg-query calls it installed', () => {
  expect(missingAmong(needs, 'installed nftables\nconfig-files procps\n')).toEqual(['procps', 'awscli'])
  expect(missingAmong(needs, 'installed awscli\ninstalled nftables\ninstalled procps\n')).toEqual([])
  expect(missingAmong(needs, '')).toEqual(Object.keys(needs))
})

test('a package whose name begins like that of another does not stand for it', () => {
  expect(missingAmong({ qemu: needs.nftables }, 'installed qemu-utils\n')).toEqual(['qemu'])
})

test('tests need what machines need, and more', () => {
  const machines = needsOf('machines')
  expect(Object.keys(needsOf('test'))).toEqual(expect.arrayContaining(Object.keys(machines)))
  expect(machines).not.toHaveProperty('awscli')
})

test('the API alone needs what Node is linked with, and nothing more', () => {
  expect(Object.keys(needsOf('api'))).toEqual(['libatomic1', 'libstdc++6'])
})

test('a lock that another apt holds is known from any other failure', () => {
  const held = 'E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 77 (unattended-upgr)'
  expect(isLocked(`Reading package lists...\n${held}\n`)).toBe(true)
  expect(isLocked('E: Unable to lock directory /var/lib/apt/lists/')).toBe(true)
  expect(isLocked('E: Unable to locate package qemu')).toBe(false)
})

test('progress of apt is told in words', () => {
  expect(describeStatus('pmstatus:nftables:42.8571:Unpacking nftables (amd64)')).toBe(
    'installing 42 % (Unpacking nftables (amd64))',
  )
  expect(describeStatus('pmstatus:libssl3:amd64:8.3:Configuring libssl3:amd64')).toBe(
    'installing 8 % (Configuring libssl3:amd64)',
  )
  expect(describeStatus('dlstatus:3:10.5:Retrieving file 3 of 41 (12s remaining)')).toBe(
    'downloading 10 % (Retrieving file 3 of 41 (12s remaining))',
  )
  expect(describeStatus('media-change: a disc')).toBeNull()
})

test('of what apt says, its complaints are told, each once', () => {
  const update = { out: 'Hit:1 somewhere\nW: Failed to fetch x\nW: Failed to fetch x\n' }
  expect(complaints(update, { out: 'Reading…\nE: Unable to locate package nftables\n' })).toBe(
    'W: Failed to fetch x\nE: Unable to locate package nftables',
  )
  expect(complaints({ out: '' }, { out: 'cannot execute\n\n' })).toBe('cannot execute')
})
