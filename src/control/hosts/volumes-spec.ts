/** The part of a host's spec that says which volumes it serves and which snapshots it keeps; from the rows. */
import type { SnapshotSpec, VolumeSpec, VolumesSpec } from '../../host-api/volumes.ts'
import type { DomainId, HostId, InstanceId, SnapshotId, VolumeId } from '../../model/ids.ts'
import type { Reader } from '../../store/store.ts'
import type { AttachmentRow, SnapshotRow, VolumeRow } from '../../store/tables/volumes.ts'
import { sourceOf } from '../snapshots/source.ts'
import { limitsOfVolume } from '../volumes/modify.ts'

type DomainOf = (instance: InstanceId) => DomainId | undefined

interface Part {
  /** Nothing for a host that serves no volume and keeps no snapshot. */
  readonly spec: VolumesSpec | undefined
  /** The domains of all instances that its volumes are attached to, as they were. */
  readonly domains: ReadonlyMap<InstanceId, DomainId | undefined>
}

/** Parts of hosts, read when they are asked for and kept until a row of theirs is written: rows are many, and what is made of them is less. */
export class VolumeParts {
  readonly #parts = new Map<HostId, Part>()
  /** Of all that parts were made of, whether or not they speak of it: whose it is. */
  readonly #hosts = new Map<VolumeId | SnapshotId, HostId>()

  /** Reads what these hosts lack. `of` gives it then, until something is forgotten. */
  async prepare(reader: Reader, hosts: readonly HostId[], domainOf: DomainOf): Promise<void> {
    const isKept = (part: Part | undefined) => part?.domains.entries().every(([id, domain]) => domainOf(id) === domain)
    const lacking = hosts.filter((it) => !isKept(this.#parts.get(it)))
    if (lacking.length === 0) return
    const rows = await readRows(reader, lacking)
    for (const host of lacking) {
      this.#parts.set(host, makePart(rows, host, domainOf))
      for (const { id } of [...(rows.volumes.get(host) ?? []), ...(rows.snapshots.get(host) ?? [])])
        this.#hosts.set(id, host)
    }
  }

  of(host: HostId): VolumesSpec | undefined {
    return this.#parts.get(host)?.spec
  }

  /** Forgets the parts that these volumes and snapshots, of which rows were written, were or are in. */
  async forget({ db }: Reader, volumes: readonly VolumeId[], snapshots: readonly SnapshotId[]): Promise<void> {
    const ids = [...volumes, ...snapshots]
    if (ids.length === 0) return
    if (ids.length > mostAsked) {
      this.#parts.clear()
      this.#hosts.clear()
      return
    }
    const rows = [
      ...(await db.selectFrom('volumes').select('hostId').where('id', 'in', volumes).execute()),
      ...(await db.selectFrom('snapshots').select('hostId').where('id', 'in', snapshots).execute()),
      ...(await db.selectFrom('volumes').select('hostId').distinct().where('snapshotId', 'in', snapshots).execute()),
    ]
    for (const it of rows) this.#parts.delete(it.hostId)
    for (const id of ids) {
      const host = this.#hosts.get(id)
      if (host !== undefined) this.#parts.delete(host)
      this.#hosts.delete(id)
    }
  }
}

/** Where rows of more were written than one question can name, nearly all parts are others. Source: SQLite, "Limits": 32,766. */
const mostAsked = 10_000

interface Rows {
  readonly volumes: ReadonlyMap<HostId, readonly VolumeRow[]>
  readonly snapshots: ReadonlyMap<HostId, readonly SnapshotRow[]>
  /** Snapshots that volumes wait for. */
  readonly pending: ReadonlySet<string>
  readonly attachments: ReadonlyMap<VolumeId, readonly Pick<AttachmentRow, 'volumeId' | 'instanceId' | 'stage'>[]>
}

async function readRows({ db }: Reader, hosts: readonly HostId[]): Promise<Rows> {
  const volumes = await db.selectFrom('volumes').selectAll().where('hostId', 'in', hosts).orderBy('id').execute()
  const snapshots = await db.selectFrom('snapshots').selectAll().where('hostId', 'in', hosts).orderBy('id').execute()
  const attachments = await db
    .selectFrom('attachments')
    .innerJoin('volumes', 'volumes.id', 'attachments.volumeId')
    .select(['attachments.volumeId', 'attachments.instanceId', 'attachments.stage'])
    .where('volumes.hostId', 'in', hosts)
    .orderBy('attachments.slot')
    .execute()
  const pending = await db
    .selectFrom('snapshots')
    .innerJoin('volumes', 'volumes.snapshotId', 'snapshots.id')
    .select('snapshots.id')
    .distinct()
    .where('volumes.hostId', 'in', hosts)
    .where('snapshots.state', '=', 'pending')
    .execute()
  return {
    volumes: Map.groupBy(volumes, (it) => it.hostId),
    snapshots: Map.groupBy(snapshots, (it) => it.hostId),
    pending: new Set(pending.map((it) => it.id)),
    attachments: Map.groupBy(attachments, (it) => it.volumeId),
  }
}

function makePart({ volumes, snapshots, pending, attachments }: Rows, host: HostId, domainOf: DomainOf): Part {
  const here = volumes.get(host) ?? []
  const kept = snapshots.get(host) ?? []
  const attached = here.flatMap((it) => attachments.get(it.id) ?? [])
  const domains = new Map(attached.map(({ instanceId }) => [instanceId, domainOf(instanceId)]))
  if (here.length === 0 && kept.length === 0) return { spec: undefined, domains }
  const spec = {
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
            .flatMap(({ instanceId }) => domains.get(instanceId) ?? []),
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
  return { spec, domains }
}
