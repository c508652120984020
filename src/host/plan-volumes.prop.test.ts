import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { DomainSpec } from '../host-api/spec.ts'
import type { PlugSpec, SnapshotSpec, VolumeFact, VolumeSpec, VolumesFact, VolumesSpec } from '../host-api/volumes.ts'
import type { DomainId, SnapshotId, VolumeId } from '../model/ids.ts'
import { planPlugs, planVolumes, type VolumeStep } from './plan-volumes.ts'

const volumeIds: VolumeId[] = ['vol-1', 'vol-2', 'vol-3']
const snapshotIds: SnapshotId[] = ['snap-1', 'snap-2', 'snap-3']
const domains: DomainId[] = ['dom_1', 'dom_2']

/** A store of volumes as planned for: what carrying out each step does to it. */
class World {
  readonly volumes = new Map<VolumeId, VolumeFact>()
  readonly snapshots = new Set<SnapshotId>()

  get found(): VolumesFact {
    const snapshots = [...this.snapshots].map((id) => ({ id, state: 'complete', progress: 100 }) as const)
    return { volumes: [...this.volumes.values()], snapshots }
  }

  carryOut(step: VolumeStep): void {
    switch (step.do) {
      case 'create-volume': {
        const { sizeMiB } = step.spec
        this.volumes.set(step.subject, { id: step.subject, state: 'ready', sizeMiB, domains: [], frozen: [] })
        return
      }
      case 'resize-volume':
        this.#change(step.subject, { sizeMiB: step.sizeMiB })
        return
      case 'freeze-volume':
        this.#change(step.subject, { frozen: [...this.volumes.get(step.subject)!.frozen, step.snapshot] })
        return
      case 'serve-volume':
        this.#change(step.subject, step.spec)
        return
      case 'remove-volume':
        this.volumes.delete(step.subject)
        return
      case 'keep-snapshot':
        if (step.spec.of.kind === 'volume')
          expect(this.volumes.get(step.spec.of.volume)?.frozen).toContain(step.subject)
        this.snapshots.add(step.subject)
        return
      case 'drop-snapshot':
        this.snapshots.delete(step.subject)
        for (const { id, frozen } of this.found.volumes)
          this.#change(id, { frozen: frozen.filter((it) => it !== step.subject) })
    }
  }

  #change(id: VolumeId, change: Partial<VolumeFact>): void {
    this.volumes.set(id, { ...this.volumes.get(id)!, ...change })
  }
}

test('a volume that is only half there is plugged in again where it is wanted, and taken away where it is not', () => {
  const half = { volume: 'vol-1', sizeMiB: 1024, half: true } as const
  const status = { id: 'dom_1', state: 'running', startedAt: '', reboots: 0, vifs: [], plugged: [half] } as const
  const plug = { volume: 'vol-1', host: 'a1', serial: 'vol1', slot: 1, sizeMiB: 1024 } as const
  const steps = (plugs: PlugSpec[]) => planPlugs({ id: 'dom_1', power: 'on', plugs } as unknown as DomainSpec, status)
  expect(steps([plug]).map((it) => it.do)).toEqual(['plug-volume'])
  expect(steps([]).map((it) => it.do)).toEqual(['unplug-volume'])
})

const limits = fc.constantFrom({ operations: 100, bytes: 1 }, { operations: 3000, bytes: 2 })

const volumeSpec = (id: VolumeId): fc.Arbitrary<VolumeSpec> =>
  fc.record({
    id: fc.constant(id),
    sizeMiB: fc.integer({ min: 1024, max: 1026 }),
    domains: fc.subarray(domains),
    limits,
  })

/** Each volume is wanted, to be removed, or nobody's affair; the snapshots of those that are there are wanted or not. */
const wishes = fc
  .record({
    volumes: fc.tuple(
      ...volumeIds.map((id) => fc.oneof(volumeSpec(id), fc.constantFrom<'remove' | 'forget'>('remove', 'forget'))),
    ),
    snapshots: fc.tuple(...snapshotIds.map(() => fc.constantFrom('keep', 'remove', 'forget', ...volumeIds))),
  })
  .map(({ volumes, snapshots }): VolumesSpec => {
    const wanted = volumes.filter((it): it is VolumeSpec => typeof it === 'object')
    const of = (name: string): SnapshotSpec['of'] | undefined => {
      if (name === 'keep') return { kind: 'image', image: 'ami-1', file: 'root.img', sizeMiB: 1 }
      return wanted.some((it) => it.id === name) ? { kind: 'volume', volume: name as VolumeId } : undefined
    }
    return {
      volumes: wanted,
      snapshots: snapshots.flatMap((name, index) => {
        const source = of(name)
        return source ? [{ id: snapshotIds[index]!, of: source }] : []
      }),
      removed: {
        volumes: volumeIds.filter((_, index) => volumes[index] === 'remove'),
        snapshots: snapshotIds.filter((_, index) => snapshots[index] === 'remove'),
      },
    }
  })

test('carrying out a plan leaves nothing to plan, and what was wanted, whatever was wanted before', () => {
  fc.assert(
    fc.property(fc.array(wishes, { minLength: 1, maxLength: 4 }), (all) => {
      const world = new World()
      for (const wanted of all) {
        const kept = new Map(world.volumes)
        for (let steps = planVolumes(wanted, world.found); steps.length > 0; steps = planVolumes(wanted, world.found)) {
          expect(new Set(steps.map((it) => it.subject)).size).toBe(steps.length)
          world.carryOut(steps[0]!)
        }
        for (const spec of wanted.volumes) {
          const fact = world.volumes.get(spec.id)!
          expect(fact.sizeMiB).toBeGreaterThanOrEqual(spec.sizeMiB)
          expect([...fact.domains].sort()).toEqual([...spec.domains].sort())
          for (const it of fact.frozen)
            expect(world.snapshots.has(it) || wanted.snapshots.some(({ id }) => id === it)).toBe(true)
          if (spec.domains.length > 0) expect(fact.limits).toEqual(spec.limits)
        }
        for (const it of wanted.removed.volumes) expect(world.volumes.has(it)).toBe(false)
        for (const it of wanted.removed.snapshots) expect(world.snapshots.has(it)).toBe(false)
        for (const { id } of wanted.snapshots) expect(world.snapshots.has(id)).toBe(true)
        for (const [id] of kept) {
          const isAnyones = wanted.removed.volumes.includes(id) || wanted.volumes.some((it) => it.id === id)
          if (!isAnyones) expect(world.volumes.get(id)?.domains).toEqual([])
        }
      }
    }),
  )
})

test('a guest that waits for its volume is served before a snapshot of that is begun', () => {
  const volume: VolumeSpec = { id: 'vol-1', sizeMiB: 1024, domains: ['dom_1'], limits: { operations: 100, bytes: 1 } }
  const snapshots = [{ id: 'snap-1', of: { kind: 'volume', volume: 'vol-1' } }] as const
  const fact: VolumeFact = { id: 'vol-1', state: 'ready', sizeMiB: 1024, domains: [], frozen: [] }
  const wanted = { volumes: [volume], snapshots, removed: { volumes: [], snapshots: [] } }
  const first = (more: Partial<VolumeFact>) =>
    planVolumes(wanted, { volumes: [{ ...fact, ...more }], snapshots: [] }).map((it) => it.do)
  expect(first({})).toEqual(['serve-volume'])
  expect(first({ domains: ['dom_1'], limits: volume.limits })).toEqual(['freeze-volume'])
})

test('a volume that is broken is left as it is', () => {
  const broken: VolumeFact = { id: 'vol-1', state: 'broken', sizeMiB: 0, domains: [], frozen: [] }
  const volumes = [{ id: 'vol-1', sizeMiB: 64, domains: domains, limits: { operations: 1, bytes: 1 } }] as const
  const wanted = { volumes, snapshots: [], removed: { volumes: [], snapshots: [] } }
  expect(planVolumes(wanted, { volumes: [broken], snapshots: [] })).toEqual([])
})

test('a snapshot that nobody wants any more is forgotten, though nothing is there but that a volume was frozen for it', () => {
  const fact: VolumeFact = { id: 'vol-1', state: 'ready', sizeMiB: 64, domains: [], frozen: ['snap-1', 'snap-2'] }
  const volume = { id: 'vol-1', sizeMiB: 64, domains: [], limits: { operations: 1, bytes: 1 } } as const
  const kept = [{ id: 'snap-2', of: { kind: 'volume', volume: 'vol-1' } }] as const
  const wanted = { volumes: [volume], snapshots: kept, removed: { volumes: [], snapshots: [] } }
  const complete = { id: 'snap-2', state: 'complete', progress: 100 } as const
  expect(planVolumes(wanted, { volumes: [fact], snapshots: [complete] })).toEqual([
    { do: 'drop-snapshot', subject: 'snap-1' },
  ])
})

test('a host that serves no volumes touches none', () => {
  const stray: VolumeFact = { id: 'vol-1', state: 'ready', sizeMiB: 64, domains: ['dom_1'], frozen: [] }
  expect(planVolumes(undefined, { volumes: [stray], snapshots: [] })).toEqual([])
})

test('a volume is not removed before its snapshots are complete', () => {
  const fact: VolumeFact = { id: 'vol-1', state: 'ready', sizeMiB: 64, domains: [], frozen: ['snap-1'] }
  const wanted: VolumesSpec = {
    volumes: [],
    snapshots: [{ id: 'snap-1', of: { kind: 'volume', volume: 'vol-1' } }],
    removed: { volumes: ['vol-1'], snapshots: [] },
  }
  const doing = (found: VolumesFact) => planVolumes(wanted, found).map((it) => it.do)
  expect(doing({ volumes: [fact], snapshots: [] })).toEqual(['keep-snapshot'])
  const complete = { id: 'snap-1', state: 'complete', progress: 100 } as const
  expect(doing({ volumes: [fact], snapshots: [complete] })).toEqual(['remove-volume'])
})
