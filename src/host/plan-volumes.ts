/** What to do next for volumes: those that a host serves, and those that its domains have plugged in. Pure, as `plan.ts` is. */
import type { DomainStatus } from '../drivers/hypervisor/driver.ts'
import type { DomainSpec } from '../host-api/spec.ts'
import type { PlugSpec, SnapshotSpec, VolumeFact, VolumeSpec, VolumesFact, VolumesSpec } from '../host-api/volumes.ts'
import type { DomainId, SnapshotId, VolumeId } from '../model/ids.ts'

/** A volume in a domain: apart from the domain, whose own steps a guest that lets no disk go must not hold up. */
export type PlugSubject = `${DomainId}/${VolumeId}`

export type PlugStep =
  | { readonly do: 'plug-volume'; readonly subject: PlugSubject; readonly domain: DomainId; readonly spec: PlugSpec }
  | {
      readonly do: 'unplug-volume'
      readonly subject: PlugSubject
      readonly domain: DomainId
      readonly volume: VolumeId
    }
  | { readonly do: 'resize-plugged'; readonly subject: PlugSubject; readonly domain: DomainId; readonly spec: PlugSpec }

export type VolumeStep =
  | { readonly do: 'create-volume'; readonly subject: VolumeId; readonly spec: VolumeSpec }
  | { readonly do: 'resize-volume'; readonly subject: VolumeId; readonly sizeMiB: number }
  | { readonly do: 'freeze-volume'; readonly subject: VolumeId; readonly snapshot: SnapshotId }
  | { readonly do: 'serve-volume'; readonly subject: VolumeId; readonly spec: Pick<VolumeSpec, 'domains' | 'limits'> }
  | { readonly do: 'remove-volume'; readonly subject: VolumeId }
  | { readonly do: 'keep-snapshot'; readonly subject: SnapshotId; readonly spec: SnapshotSpec }
  | { readonly do: 'drop-snapshot'; readonly subject: SnapshotId }

/** Plugs in what a domain that runs shall have, and takes away what it shall not. */
export function planPlugs(spec: DomainSpec, status: DomainStatus | undefined): PlugStep[] {
  if (status?.state !== 'running' || spec.power !== 'on') return []
  const [wanted, plugged] = [spec.plugs ?? [], status.plugged ?? []]
  const subject = (volume: VolumeId): PlugSubject => `${spec.id}/${volume}`
  const steps = wanted.flatMap((it): PlugStep[] => {
    const there = plugged.find(({ volume }) => volume === it.volume)
    const common = { subject: subject(it.volume), domain: spec.id, spec: it }
    if (!there || there.half) return [{ do: 'plug-volume', ...common }]
    return there.sizeMiB < it.sizeMiB ? [{ do: 'resize-plugged', ...common }] : []
  })
  const unwanted = plugged.filter(({ volume }) => !wanted.some((it) => it.volume === volume))
  return [
    ...steps,
    ...unwanted.map(
      ({ volume }): PlugStep => ({ do: 'unplug-volume', subject: subject(volume), domain: spec.id, volume }),
    ),
  ]
}

/**
 * Makes what is missing and serves what shall be served. What nobody wants is not served, but it is removed only by name: data is not
 * lost because a list was short.
 */
export function planVolumes(wanted: VolumesSpec | undefined, found: VolumesFact): VolumeStep[] {
  if (!wanted) return []
  const facts = new Map(found.volumes.map((it) => [it.id, it]))
  const complete = new Set(found.snapshots.filter((it) => it.state === 'complete').map((it) => it.id))
  const open = wanted.snapshots.filter((it) => !complete.has(it.id))
  return [
    ...wanted.volumes.flatMap((it) => planVolume(it, facts.get(it.id), open)),
    ...open.flatMap((it) => planSnapshot(it, facts)),
    ...planUnwanted(wanted, found, open),
  ]
}

function planVolume(spec: VolumeSpec, fact: VolumeFact | undefined, open: readonly SnapshotSpec[]): VolumeStep[] {
  const subject = spec.id
  if (!fact) return [{ do: 'create-volume', subject, spec }]
  if (fact.state === 'broken') return []
  if (fact.sizeMiB < spec.sizeMiB) return [{ do: 'resize-volume', subject, sizeMiB: spec.sizeMiB }]
  // A guest waits for it: a snapshot, which may find no room, comes later.
  if (!isServed(spec, fact)) return [{ do: 'serve-volume', subject, spec }]
  const unfrozen = open.find((it) => isOf(it, spec.id) && !fact.frozen.includes(it.id))
  return unfrozen ? [{ do: 'freeze-volume', subject, snapshot: unfrozen.id }] : []
}

function isServed({ domains, limits }: VolumeSpec, fact: VolumeFact): boolean {
  const same = domains.length === fact.domains.length && domains.every((it) => fact.domains.includes(it))
  if (domains.length === 0) return same
  return same && fact.limits?.operations === limits.operations && fact.limits.bytes === limits.bytes
}

function planSnapshot(spec: SnapshotSpec, volumes: ReadonlyMap<VolumeId, VolumeFact>): VolumeStep[] {
  const { of } = spec
  const isReady = of.kind !== 'volume' || volumes.get(of.volume)?.frozen.includes(spec.id)
  return isReady ? [{ do: 'keep-snapshot', subject: spec.id, spec }] : []
}

/** A volume whose snapshots are not complete yet is kept for them. */
function planUnwanted(wanted: VolumesSpec, found: VolumesFact, open: readonly SnapshotSpec[]): VolumeStep[] {
  const names = new Set(wanted.volumes.map((it) => it.id))
  const removable = (id: VolumeId) => wanted.removed.volumes.includes(id) && !open.some((it) => isOf(it, id))
  const none = { domains: [], limits: { operations: 0, bytes: 0 } }
  return [
    ...found.volumes
      .filter((it) => !names.has(it.id))
      .flatMap(({ id: subject, domains }): VolumeStep[] => {
        if (removable(subject)) return [{ do: 'remove-volume', subject }]
        return domains.length > 0 ? [{ do: 'serve-volume', subject, spec: none }] : []
      }),
    ...found.snapshots
      .filter((it) => wanted.removed.snapshots.includes(it.id))
      .map(({ id }): VolumeStep => ({ do: 'drop-snapshot', subject: id })),
    ...frozenForNobody(wanted, found).map((subject): VolumeStep => ({ do: 'drop-snapshot', subject })),
  ]
}

/** Snapshots of which nothing is left but that a volume was frozen for them: it would hold its layers back for ever. */
function frozenForNobody(wanted: VolumesSpec, found: VolumesFact): SnapshotId[] {
  const known = new Set([...wanted.snapshots, ...found.snapshots].map((it) => it.id))
  return [...new Set(found.volumes.flatMap((it) => it.frozen))].filter((it) => !known.has(it))
}

function isOf({ of }: SnapshotSpec, volume: VolumeId): boolean {
  return of.kind === 'volume' && of.volume === volume
}
