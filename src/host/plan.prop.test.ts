import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { DomainStatus } from '../drivers/hypervisor/driver.ts'
import type { DomainSpec, HostSpec, RouterSpec } from '../host-api/spec.ts'
import type { DomainId, VpcId } from '../model/ids.ts'
import { type Found, plan, type Step } from './plan.ts'

/** A host as planned for: what carrying out each step does to it. */
class World {
  readonly domains = new Map<DomainId, DomainStatus>()
  readonly disks = new Set<DomainId>()
  readonly routers = new Map<VpcId, RouterSpec | undefined>()
  readonly pressed = new Map<DomainId, number>()
  edge: Found['edge']
  readonly volumes = { volumes: [], snapshots: [] }
  nowMs = 1_000_000

  carryOut(step: Step): void {
    switch (step.do) {
      case 'program-router':
        this.routers.set(step.subject, step.spec)
        return
      case 'remove-router':
        this.routers.delete(step.subject)
        return
      case 'program-edge':
        this.edge = step.spec
        return
      case 'provide-disks':
        this.disks.add(step.subject)
        return
      case 'boot':
        expect(this.disks.has(step.subject)).toBe(true)
        this.domains.set(step.subject, {
          id: step.subject,
          state: 'running',
          startedAt: '2026-01-01T00:00:00.000Z',
          reboots: 0,
          vifs: step.spec.vifs.map((it) => it.id),
        })
        return
      case 'plug':
        expect(this.routers.get(step.vpc)?.vifs.map((it) => it.id)).toContain(step.vif.id)
        this.#change(step.subject, { vifs: [...this.domains.get(step.subject)!.vifs, step.vif.id] })
        return
      case 'unplug':
        this.#change(step.subject, { vifs: this.domains.get(step.subject)!.vifs.filter((it) => it !== step.vif) })
        return
      case 'press-button':
        this.pressed.set(step.subject, this.nowMs)
        this.#change(step.subject, {
          buttonPressedAt: this.domains.get(step.subject)?.buttonPressedAt ?? new Date(this.nowMs).toISOString(),
        })
        return
      case 'reboot':
        this.#change(step.subject, { reboots: step.count })
        return
      case 'hold-reboot':
        this.#change(step.subject, { heldReboot: step.count })
        return
      case 'kill':
        this.#change(step.subject, { state: 'off', cause: 'forced', vifs: [] })
        return
      case 'forget':
        this.domains.delete(step.subject)
        return
      case 'release-disks':
        this.disks.delete(step.subject)
    }
  }

  #change(id: DomainId, change: Partial<DomainStatus>): void {
    this.domains.set(id, { ...this.domains.get(id)!, ...change })
  }
}

const vpcs: VpcId[] = ['vpc-1', 'vpc-2']
const ids: DomainId[] = ['dom_1', 'dom_2', 'dom_3', 'dom_4']

/** The vifs that a domain may have: the first it always has. */
const vifsOf = (id: DomainId) => [`eni-${id}`, `eni-${id}-b`, `eni-${id}-c`] as const

const domain = (id: DomainId, power: 'on' | 'off', reboots: number, more: readonly number[]): DomainSpec => ({
  id,
  instance: `i-${id}`,
  uuid: 'ec2',
  power,
  graceMs: 5_000,
  begun: false,
  reboots,
  vcpus: 1,
  memoryMiB: 64,
  cpuQuotaCores: 1,
  cpuWeight: 100,
  boot: { image: 'ami-1', kernel: 'vmlinuz', commandLine: '' },
  disks: [],
  vifs: [0, ...more].map((index) => ({ id: vifsOf(id)[index]!, mac: `02:00:00:00:00:0${index}` })),
})

/** Any wish: each domain absent, on or off, in one of two networks, with one to three vifs. */
const wishes = fc
  .record({
    domains: fc.tuple(
      ...ids.map(() =>
        fc.record({
          power: fc.constantFrom('on', 'off', 'none'),
          vpc: fc.constantFrom(...vpcs),
          reboots: fc.integer({ min: 0, max: 2 }),
          more: fc.subarray([1, 2]),
        }),
      ),
    ),
    edge: fc.boolean(),
  })
  .map(({ domains, edge }): HostSpec => {
    const wanted = domains.flatMap(({ power, vpc, reboots, more }, index) =>
      power === 'none' ? [] : [{ vpc, spec: domain(ids[index]!, power as 'on' | 'off', reboots, more) }],
    )
    return {
      host: 'a1',
      generation: 1,
      domains: wanted.map((it) => it.spec),
      routers: vpcs
        .filter((vpc) => wanted.some((it) => it.vpc === vpc))
        .map((vpc) =>
          routerOf(
            vpc,
            wanted.filter((it) => it.vpc === vpc).map((it) => it.spec),
          ),
        ),
      ...(edge && { edge: { networks: [] } }),
    }
  })

function routerOf(vpc: VpcId, domains: readonly DomainSpec[]): RouterSpec {
  const all = domains.flatMap((it) => it.vifs.map((vif) => ({ ...vif, domain: it.id })))
  const vifs = all.map((vif) => ({
    ...vif,
    address: '10.0.0.4',
    subnet: 'subnet-1' as const,
    hostname: 'ip-10-0-0-4',
    groups: [],
    sourceDestCheck: true,
    metadata: { enabled: true, tokens: 'optional' as const, hopLimit: 1, tree: {} },
  }))
  return { vpc, vni: 1, mtu: 1500, cidrs: [], subnets: [], vifs, groups: [], routes: [], tables: [], wires: [] }
}

/** Where a host may be found: things of older wishes, domains that ended, half-made ones, disks without a domain. */
const startingPoints = fc.record({
  domains: fc.subarray(ids).chain((some) =>
    fc.tuple(
      ...some.map((id) =>
        fc
          .record({
            id: fc.constant(id),
            state: fc.constantFrom('running' as const, 'off' as const, 'lost' as const),
            startedAt: fc.constant('2026-01-01T00:00:00.000Z'),
            reboots: fc.integer({ min: 0, max: 3 }),
            vifs: fc.subarray([...vifsOf(id)]),
          })
          .map((it) => (it.state === 'running' ? it : { ...it, vifs: [] })),
      ),
    ),
  ),
  disks: fc.subarray(ids),
  routers: fc.subarray(vpcs),
})

function settle(world: World, wanted: HostSpec, pick: (count: number) => number): Step[] {
  const taken: Step[] = []
  for (let round = 0; round < 200; round++) {
    const { steps, wakeAt } = plan(wanted, world, world.nowMs)
    if (steps.length === 0 && wakeAt === undefined) return taken
    const step = steps[pick(steps.length)]
    if (step) world.carryOut(step)
    else world.nowMs = wakeAt!
    if (step) taken.push(step)
  }
  throw new Error('the plan never ends')
}

test('carrying out the plan in any order leaves nothing to plan, and what was wanted', () => {
  fc.assert(
    fc.property(startingPoints, wishes, fc.infiniteStream(fc.nat()), (start, wanted, picks) => {
      const world = new World()
      for (const status of start.domains) world.domains.set(status.id, status as DomainStatus)
      for (const id of start.disks) world.disks.add(id)
      for (const vpc of start.routers) world.routers.set(vpc, undefined)
      const ended = new Set([...world.domains.values()].filter((it) => it.state !== 'running').map((it) => it.id))
      settle(world, wanted, (count) => (count === 0 ? 0 : (picks.next().value ?? 0) % count))

      for (const spec of wanted.domains) {
        const state = world.domains.get(spec.id)?.state
        if (spec.power === 'on' && !ended.has(spec.id)) {
          expect(state).toBe('running')
          expect([...world.domains.get(spec.id)!.vifs].sort()).toEqual(spec.vifs.map((it) => it.id))
        }
        if (spec.power === 'off') expect(state).not.toBe('running')
      }
      const known = new Set<string>(wanted.domains.map((it) => it.id))
      expect([...world.domains.keys(), ...world.disks].filter((id) => !known.has(id))).toEqual([])
      expect([...world.routers.keys()].sort()).toEqual(wanted.routers.map((it) => it.vpc).sort())
      for (const router of wanted.routers) expect(world.routers.get(router.vpc)).toEqual(router)
    }),
  )
})

test('a domain that ran before is not started again where it is not to be found', () => {
  fc.assert(
    fc.property(wishes, fc.infiniteStream(fc.nat()), (wanted, picks) => {
      const world = new World()
      const begun = { ...wanted, domains: wanted.domains.map((it) => ({ ...it, begun: true })) }
      settle(world, begun, (count) => (count === 0 ? 0 : (picks.next().value ?? 0) % count))
      expect([...world.domains.keys(), ...world.disks]).toEqual([])
    }),
  )
})

test('a reboot that is held is begun once, and done when nobody holds it any more', () => {
  const running = { id: 'dom_1', state: 'running', startedAt: '', reboots: 1, vifs: [] } as const
  const next = (spec: Partial<DomainSpec>, status: Partial<DomainStatus> = {}) => {
    const domains = [{ ...domain('dom_1', 'on', 2, []), vifs: [], ...spec }]
    const world = new World()
    world.domains.set('dom_1', { ...running, ...status })
    return plan({ host: 'a1', generation: 1, domains, routers: [] }, world, 0).steps.map((it) => it.do)
  }
  expect(next({ holdReboot: 2 })).toEqual(['hold-reboot'])
  expect(next({ holdReboot: 2 }, { heldReboot: 2 })).toEqual([])
  expect(next({}, { heldReboot: 2 })).toEqual(['reboot'])
  expect(next({ holdReboot: 1 })).toEqual(['reboot'])
  expect(next({ holdReboot: 2, power: 'off' }, { heldReboot: 2 })).toEqual(['press-button'])
})

test('a plan has at most one step for a subject', () => {
  fc.assert(
    fc.property(startingPoints, wishes, (start, wanted) => {
      const found = {
        domains: new Map(start.domains.map((it) => [it.id, it as DomainStatus])),
        disks: new Set(start.disks),
        routers: new Map(start.routers.map((vpc) => [vpc, undefined])),
        edge: undefined,
        pressed: new Map<DomainId, number>(),
        volumes: { volumes: [], snapshots: [] },
      }
      const subjects = plan(wanted, found, 0).steps.map((it) => it.subject)
      expect(new Set(subjects).size).toBe(subjects.length)
    }),
  )
})

test('a vif comes only once its router has it, and no domain loses one that is wanted', () => {
  fc.assert(
    fc.property(startingPoints, wishes, fc.infiniteStream(fc.nat()), (start, wanted, picks) => {
      const world = new World()
      for (const status of start.domains) world.domains.set(status.id, status as DomainStatus)
      const steps = settle(world, wanted, (count) => (count === 0 ? 0 : (picks.next().value ?? 0) % count))
      const all = new Set(
        wanted.domains.filter((it) => it.power === 'on').flatMap((it) => it.vifs.map((vif) => vif.id)),
      )
      for (const step of steps) if (step.do === 'unplug') expect(all.has(step.vif)).toBe(false)
    }),
  )
})

test('nothing boots before its router is in force', () => {
  fc.assert(
    fc.property(wishes, (wanted) => {
      const found = {
        domains: new Map(),
        disks: new Set<DomainId>(),
        routers: new Map(),
        edge: undefined,
        pressed: new Map(),
        volumes: { volumes: [], snapshots: [] },
      }
      expect(plan(wanted, found, 0).steps.filter((it) => it.do === 'boot')).toEqual([])
    }),
  )
})
