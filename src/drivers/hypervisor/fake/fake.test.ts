import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { FakeClock, systemClock } from '../../../base/clock.ts'
import type { DomainSpec } from '../../../host-api/spec.ts'
import type { DomainId } from '../../../model/ids.ts'
import type { DomainWiring } from '../driver.ts'
import { type Domain, type Guest, hypervisorSuite } from '../suite.ts'
import { type FakeHypervisor, openFakeHypervisor } from './fake.ts'
import { FakeWorld } from './world.ts'

hypervisorSuite('the fake hypervisor', async () => subject(() => new FakeWorld()))

const folder = await mkdtemp(join(tmpdir(), 'fake-hypervisor-'))
hypervisorSuite('the fake hypervisor with a file', async () => ({
  ...subject(() => new FakeWorld(join(folder, 'domains.json'))),
  [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
}))

it('takes the time it is told to', async () => {
  const clock = new FakeClock()
  await using driver = openFakeHypervisor({ clock, bootMs: 2000, shutdownMs: 500 })
  const state = async () => (await driver.list(never))[0]?.state
  const booted = driver.boot(spec('dom_1'), wiring, never)
  await clock.advance(1999)
  expect(await state()).toBeUndefined()
  await clock.advance(1)
  await booted
  await driver.pressButton('dom_1', never)
  await clock.advance(499)
  expect(await state()).toBe('running')
  await clock.advance(1)
  expect(await state()).toBe('off')
})

/** Drivers of one suite share a world; `reopen` gives the one that a new process would find. */
function subject(reopen: () => FakeWorld) {
  let world = reopen()
  const script = new Map<DomainId, Guest>()
  const open = async (): Promise<FakeHypervisor> => {
    const found = reopen()
    if (found.all().length > 0) world = found
    const driver = openFakeHypervisor({ clock: systemClock, world, bootMs: 10 })
    driver.watch((id) => script.get(id) === 'fleeting' && setImmediate(() => world.powerOff(id)))
    return driver
  }
  return {
    open,
    domain: (id: DomainId, guest: Guest): Domain => {
      script.set(id, guest)
      world.setTemper(id, guest === 'deaf' ? 'deaf' : 'obedient')
      if (guest === 'stillborn') world.refuseBoot(id)
      else world.allowBoot(id)
      return { spec: spec(id), wiring }
    },
    vif: async (_: DomainId, number: number) => ({
      vif: { id: `eni-0000000${number}` as const, mac: `02:00:00:00:00:0${number}` },
      tap: { namespace: 'fake', tap: `tap${number}` },
    }),
    crash: async (id: DomainId) => world.crash(id),
    remainsOf: async (id: DomainId) => (world.get(id) ? ['domain'] : []),
    atOnce: 5,
    [Symbol.asyncDispose]: async () => {},
  }
}

const never = new AbortController().signal
const wiring: DomainWiring = { kernel: '/kernel', disks: [], taps: [] }

function spec(id: DomainId): DomainSpec {
  return {
    id,
    instance: 'i-0123456789abcdef0',
    uuid: 'ec2f2b8c-0000-4000-8000-000000000001',
    power: 'on',
    graceMs: 1000,
    begun: false,
    reboots: 0,
    vcpus: 1,
    memoryMiB: 128,
    cpuQuotaCores: 1,
    cpuWeight: 100,
    boot: { image: 'ami-0123456789abcdef0', kernel: 'vmlinuz', commandLine: '' },
    disks: [],
    vifs: [],
  }
}
