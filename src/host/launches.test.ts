import { expect, test } from 'vitest'
import type { DomainStatus } from '../drivers/hypervisor/driver.ts'
import { launchedBy } from '../host-api/launches.ts'
import type { HostSpec } from '../host-api/spec.ts'
import type { DomainId } from '../model/ids.ts'
import { launchesOf } from './launches.ts'
import { hostSpecOf } from './testing.ts'

const instance = 'i-11111111'
const since = Date.parse('2026-01-01T00:00:10.000Z')

/** What programming the router of this spec is part of, where the domain was started then, or was not. */
function launchesBehind(wanted: HostSpec, startedAt?: string) {
  const status = { id: 'dom_1', state: 'running', reboots: 0, vifs: [], startedAt: startedAt ?? '' } as const
  const domains = new Map<DomainId, DomainStatus>(startedAt === undefined ? [] : [['dom_1', status]])
  const [spec] = wanted.routers
  return launchesOf({ do: 'program-router', subject: spec!.vpc, spec: spec! }, since, { wanted, domains })
}

test('a router is programmed for guests that are to come behind it, or came meanwhile', () => {
  expect(launchesBehind(hostSpecOf(1))).toEqual([instance])
  expect(launchesBehind(hostSpecOf(1), '2026-01-01T00:00:11.000Z')).toEqual([instance])
  expect(launchesBehind(hostSpecOf(1), '2026-01-01T00:00:09.000Z')).toEqual([])
  expect(launchesBehind(hostSpecOf(1, { begun: true }))).toEqual([])
  expect(launchesBehind(hostSpecOf(1, { id: 'dom_2' }))).toEqual([])
})

test('a spec launches what it wants for the first time', () => {
  expect(launchedBy(hostSpecOf(1), undefined)).toEqual([instance])
  expect(launchedBy(hostSpecOf(2), hostSpecOf(1, { power: 'off' }))).toEqual([instance])
  expect(launchedBy(hostSpecOf(2), hostSpecOf(1))).toEqual([])
  expect(launchedBy(hostSpecOf(2, { begun: true }), undefined)).toEqual([])
})
