import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { systemCode } from '../../../base/fault.ts'
import type { ProcessIdentity } from '../../../base/process.ts'
import type { VolumeLimits } from '../../../host-api/volumes.ts'
import type { DomainId, HostId, SnapshotId, VolumeId } from '../../../model/ids.ts'
import type { SealedKey } from './keys.ts'

/** What is kept of a volume beside its layers: `volume.json`. */
export interface VolumeRecord {
  readonly id: VolumeId
  readonly sizeMiB: number
  /** What its lowest layer lies over. */
  readonly over?: StoredLayer
  /** Whether its own folder has all of that: nothing of what is stored is read any more. */
  readonly filled?: boolean
  /** Of one that is encrypted: the key to all its layers, and to those below them. */
  readonly key?: SealedKey
  /** The layer that each snapshot is taken of. */
  readonly frozen: Readonly<Record<SnapshotId, number>>
}

/** What is kept of a volume's server: `server.json`. All else is asked of the process. */
export interface ServerRecord {
  readonly process?: ProcessIdentity
  /** The layer that it writes to. */
  readonly layer: number
  /** What it calls the lowest layer of the volume, from its start on; a merge changes the file's name. */
  readonly base?: number
  readonly domains: readonly DomainId[]
  readonly limits: VolumeLimits
}

/** A layer among those that snapshots are made of: the Nth of what was a volume's, or an image's. */
export interface StoredLayer {
  readonly chain: VolumeId | SnapshotId
  readonly layer: number
}

/** A snapshot is a layer and all that lies below it: `<snapshot>.json`. */
export interface SnapshotRecord extends StoredLayer {
  readonly id: SnapshotId
  readonly host: HostId
  readonly bytes: number
}

/** What is kept of a chain of stored layers: `chain.json`. */
export interface ChainRecord {
  readonly over?: StoredLayer
  readonly key?: SealedKey
}

/** How long a stored layer is: `<layer>.qcow2.json`. */
export interface LengthRecord {
  readonly bytes: number
}

/** What `file` holds; nothing where there is none. Throws where it cannot be understood. */
export function readRecord<T>(file: string): T | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as T
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw error
  }
}

/** Whole or not at all; without waiting: between starting a process and writing down its number nothing else may happen. */
export function writeRecord(file: string, record: object): void {
  writeFileSync(`${file}.new`, JSON.stringify(record), { mode: 0o600, flush: true })
  renameSync(`${file}.new`, file)
}
