/** The part of a host's spec that says which volumes it serves, and which its domains have; from the rows. */
import { remembered } from '../../base/remembered.ts'
import type { PlugSpec, SnapshotSpec, VolumeSpec, VolumesSpec } from '../../host-api/volumes.ts'
import type { DomainId, HostId, InstanceId, VolumeId } from '../../model/ids.ts'
import type { Reader } from '../../store/store.ts'
import type { AttachmentRow, SnapshotRow, VolumeRow } from '../../store/tables/volumes.ts'
import { sourceOf } from '../snapshots/source.ts'
import { limitsOfVolume } from '../volumes/modify.ts'

export interface VolumeScene {
  /** By the host that serves or keeps them. */
  readonly volumes: ReadonlyMap<HostId, readonly VolumeRow[]>
  readonly snapshots: ReadonlyMap<HostId, readonly SnapshotRow[]>
  /** Snapshots that volumes wait for. */
  readonly pending: ReadonlySet<string>
  readonly attachments: ReadonlyMap<VolumeId, readonly AttachmentRow[]>
  readonly plugs: ReadonlyMap<InstanceId, readonly PlugSpec[]>
  /** Names that guests shall know their volumes by, by the volumes' serial numbers. */
  readonly names: ReadonlyMap<InstanceId, Readonly<Record<string, string>>>
}

export async function readVolumeScene({ db }: Reader): Promise<VolumeScene> {
  const volumes = await db.selectFrom('volumes').selectAll().orderBy('id').execute()
  const snapshots = await db.selectFrom('snapshots').selectAll().orderBy('id').execute()
  const attachments = await db.selectFrom('attachments').selectAll().orderBy('slot').execute()
  const facts = await db.selectFrom('volumeFacts').select(['id', 'sizeMib']).execute()
  const sizes = new Map(facts.map((it) => [it.id, it.sizeMib]))
  const byId = new Map(volumes.map((it) => [it.id, it]))
  const plugged = attachments.filter((it) => it.stage === 'plug')
  const plugOf = ({ volumeId, slot }: AttachmentRow): PlugSpec => {
    const { hostId: host, sizeGib } = byId.get(volumeId)! // attachments refer to volumes
    return { volume: volumeId, host, serial: serialOf(volumeId), slot, sizeMiB: sizes.get(volumeId) ?? sizeGib * 1024 }
  }
  return {
    volumes: Map.groupBy(volumes, (it) => it.hostId),
    snapshots: Map.groupBy(snapshots, (it) => it.hostId),
    pending: new Set(snapshots.filter((it) => it.state === 'pending').map((it) => it.id)),
    attachments: Map.groupBy(attachments, (it) => it.volumeId),
    plugs: mapValues(
      Map.groupBy(plugged, (it) => it.instanceId),
      (rows) => rows.map(plugOf),
    ),
    names: mapValues(
      Map.groupBy(attachments, (it) => it.instanceId),
      (rows) => Object.fromEntries(rows.map((it) => [serialOf(it.volumeId), it.device.replace(/^\/dev\//, '')])),
    ),
  }
}

/** What is in a volume's serial number: twenty characters at most. Source: EBS User Guide, "Map Amazon EBS volumes to NVMe device names". */
export function serialOf(id: VolumeId): string {
  return id.replace('-', '')
}

type DomainOf = (instance: InstanceId) => DomainId | undefined

/** Nothing for a host that serves no volume and keeps no snapshot. */
export function volumesSpec(scene: VolumeScene, host: HostId, domainOf: DomainOf): VolumesSpec | undefined {
  const { volumes, attachments } = scene
  const attached = remembered(scene, `attached ${host}`, [], () =>
    (volumes.get(host) ?? []).flatMap((it) => (attachments.get(it.id) ?? []).map(({ instanceId }) => instanceId)),
  )
  return remembered(scene, `spec ${host}`, attached.map(domainOf), () => makeSpec(scene, host, domainOf))
}

function makeSpec(
  { volumes, snapshots, pending, attachments }: VolumeScene,
  host: HostId,
  domainOf: DomainOf,
): VolumesSpec | undefined {
  const here = volumes.get(host) ?? []
  const kept = snapshots.get(host) ?? []
  if (here.length === 0 && kept.length === 0) return undefined
  return {
    volumes: here
      .filter((it) => it.state !== 'deleting' && !pending.has(it.snapshotId ?? ''))
      .map(
        (it): VolumeSpec => ({
          id: it.id,
          sizeMiB: it.sizeGib * 1024,
          ...(it.snapshotId !== null && { from: it.snapshotId }),
          ...(it.keyId !== null && { key: it.keyId }),
          domains: (attachments.get(it.id) ?? [])
            .filter(({ stage }) => stage !== 'withdraw')
            .flatMap(({ instanceId }) => domainOf(instanceId) ?? []),
          limits: limitsOfVolume(it),
        }),
      ),
    snapshots: kept
      .filter((it) => it.state !== 'deleting')
      .flatMap(({ id, keyId, ...row }): SnapshotSpec[] => {
        const of = sourceOf(row)
        return of.kind === 'region' ? [] : [{ id, of, ...(keyId !== null && { key: keyId }) }]
      }),
    removed: {
      volumes: here.filter((it) => it.state === 'deleting').map((it) => it.id),
      snapshots: kept.filter((it) => it.state === 'deleting').map((it) => it.id),
    },
  }
}

function mapValues<K, V, W>(map: ReadonlyMap<K, V>, change: (value: V) => W): ReadonlyMap<K, W> {
  return new Map([...map].map(([key, value]) => [key, change(value)]))
}
