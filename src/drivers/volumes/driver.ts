import type { SnapshotSpec, VolumeFact, VolumeLimits, VolumesFact } from '../../host-api/volumes.ts'
import type { DomainId, HostId, KeyId, SnapshotId, VolumeId } from '../../model/ids.ts'

/**
 * Disks that outlive machines, served to the domains of a zone, and snapshots of them. All of it outlives the process that uses
 * the driver. One call at a time for each volume and for each snapshot.
 */
export interface VolumeDriver {
  /** Makes the volume, usable at once also where it begins as a snapshot. A volume that exists is left as it is. */
  create(volume: NewVolume, abort: AbortSignal): Promise<void>
  /** Makes the volume larger, also while it is served; a domain that has it plugged in must be told. */
  resize(id: VolumeId, sizeMiB: number, abort: AbortSignal): Promise<void>
  /** Lets exactly these domains reach the volume, within these limits, and cuts off whoever else has it open. With no domain, nothing of it runs, but what fills it in. */
  serve(id: VolumeId, to: Serving, abort: AbortSignal): Promise<void>
  /** Where a domain reaches the volume: the way stays the same whatever dies and comes again. */
  connection(host: HostId, id: VolumeId, domain: DomainId): Connection
  /** Keeps the volume as it is at this moment, for `keep`. Once for each snapshot. Writes acknowledged before are in it, writes begun after are not. */
  freeze(id: VolumeId, snapshot: SnapshotId, abort: AbortSignal): Promise<void>
  /** Removes the volume. What was kept of it stays. Resolves at once if there is none. */
  remove(id: VolumeId, abort: AbortSignal): Promise<void>
  /** Copies what was frozen, or another snapshot, or an image, to where snapshots are. Goes on where it was cut short. */
  keep(snapshot: SnapshotSpec, abort: AbortSignal): Promise<void>
  /** Forgets the snapshot, and that a volume was frozen for it. What others need of it stays with them. Resolves at once if there is none. */
  drop(id: SnapshotId, abort: AbortSignal): Promise<void>
  /** Every volume and every snapshot that is here, whoever made it. */
  list(abort: AbortSignal): Promise<VolumesFact>
  /** Calls `changed` whenever something may have changed by itself. A hint: `list` tells the truth. */
  watch(changed: () => void): void
  /** Lets go; what is served goes on being served. */
  [Symbol.asyncDispose](): Promise<void>
}

export interface NewVolume {
  readonly id: VolumeId
  readonly sizeMiB: number
  readonly from?: SnapshotId
  /** The account key that seals its own: it is encrypted. What begins as an encrypted snapshot is so by that one's key. */
  readonly key?: KeyId
}

export interface Serving {
  readonly domains: readonly DomainId[]
  readonly limits: VolumeLimits
}

/** An NBD export behind a Unix socket that the domain's user alone can open. */
export interface Connection {
  readonly socket: string
  readonly export: string
}

export type { VolumeFact, VolumesFact }
