/**
 * What one host of a zone serves to the domains of that zone: volumes, which outlive domains, and the snapshots that it takes of
 * them. Part of the host's spec and of its facts.
 */
import type { DomainId, HostId, ImageId, KeyId, SnapshotId, VolumeId } from '../model/ids.ts'

export interface VolumesSpec {
  readonly volumes: readonly VolumeSpec[]
  /** Those that this host made or shall make. All hosts can read them. */
  readonly snapshots: readonly SnapshotSpec[]
  /** To be removed. What is in no list is left alone. */
  readonly removed: { readonly volumes: readonly VolumeId[]; readonly snapshots: readonly SnapshotId[] }
}

export interface VolumeSpec {
  readonly id: VolumeId
  /** Grows only. */
  readonly sizeMiB: number
  /** What it begins as; zeros where there is none. */
  readonly from?: SnapshotId
  /** The account key that it is encrypted by. */
  readonly key?: KeyId
  /** The domains that can reach it. */
  readonly domains: readonly DomainId[]
  readonly limits: VolumeLimits
}

/** What all domains together may ask of a volume in a second. */
export interface VolumeLimits {
  readonly operations: number
  readonly bytes: number
}

/** A snapshot stays what it is. `of` says what it is taken of: a volume as it is when the wish arrives. */
export interface SnapshotSpec {
  readonly id: SnapshotId
  /** The account key that a copy is encrypted by; what is taken of a volume is so if that is. */
  readonly key?: KeyId
  readonly of:
    | { readonly kind: 'volume'; readonly volume: VolumeId }
    | { readonly kind: 'snapshot'; readonly snapshot: SnapshotId }
    | { readonly kind: 'image'; readonly image: ImageId; readonly file: string; readonly sizeMiB: number }
}

/** A volume that a domain shall have plugged in. `serial` is what the guest finds in its serial number. */
export interface PlugSpec {
  readonly volume: VolumeId
  /** Who serves it. */
  readonly host: HostId
  readonly serial: string
  /** 1 to 31; no two volumes of a domain have the same. */
  readonly slot: number
  readonly sizeMiB: number
}

export interface VolumesFact {
  readonly volumes: readonly VolumeFact[]
  readonly snapshots: readonly SnapshotFact[]
}

export interface VolumeFact {
  readonly id: VolumeId
  /** `broken`: its files cannot be used. Nothing of it is overwritten. */
  readonly state: 'ready' | 'broken'
  readonly sizeMiB: number
  /** The domains that can reach it now. */
  readonly domains: readonly DomainId[]
  readonly limits?: VolumeLimits
  /** Snapshots whose moment has been: what is written from now on is not in them. */
  readonly frozen: readonly SnapshotId[]
  readonly message?: string
}

export interface SnapshotFact {
  readonly id: SnapshotId
  readonly state: 'copying' | 'complete' | 'broken'
  /** Percent. */
  readonly progress: number
  readonly bytes?: number
  readonly message?: string
}
