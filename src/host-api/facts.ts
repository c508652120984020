/** What a host reports: what it found, never what it hopes. */
import type { DomainId, HostId, InterfaceId, SnapshotId, VolumeId, VpcId } from '../model/ids.ts'
import type { VolumesFact } from './volumes.ts'

export interface HostFacts extends HostProgress {
  readonly domains: readonly DomainFact[]
  /** What it serves, where it serves volumes. */
  readonly volumes?: VolumesFact
}

/** How far a host has come. By itself it means that it found the same as it said before. */
export interface HostProgress {
  readonly host: HostId
  /** The newest spec that is wholly carried out: everything wanted is there, everything else is gone. 0: none yet. */
  readonly settled: number
  /** The newest spec that has arrived. */
  readonly received: number
  /** Steps that failed at their last attempt. They are tried again. */
  readonly troubles: readonly {
    readonly subject: DomainId | VpcId | VolumeId | SnapshotId | `${DomainId}/${VolumeId}` | 'edge'
    readonly message: string
    readonly attempts: number
  }[]
}

/**
 * - `starting`: being made (disks, vif, process).
 * - `waiting`: nothing is missing but its turn: guests come up a few at a time.
 * - `running`: its virtual CPUs run.
 * - `off`: the guest, or the power button, shut it down. Its process may still exist.
 * - `lost`: it was started and its process is gone, and nobody asked for that.
 */
export type DomainState = 'waiting' | 'starting' | 'running' | 'off' | 'lost'

export interface DomainFact {
  readonly id: DomainId
  readonly state: DomainState
  /** Why it is off: the guest itself, our button, or the end of the grace period. */
  readonly cause?: 'guest' | 'button' | 'forced'
  readonly startedAt?: string
  /** Reboots carried out. */
  readonly reboots: number
  /** The reboot that is held half-way: the guest is off, and comes back. */
  readonly heldReboot?: number
  /** What is plugged into it; absent where nothing is, as where it does not run. */
  readonly vifs?: readonly InterfaceId[]
  /** Volumes that are plugged in. */
  readonly plugged?: readonly PluggedFact[]
}

/** A volume in a domain, of the size that its guest sees. */
export interface PluggedFact {
  readonly volume: VolumeId
  readonly sizeMiB: number
  /** On its way in or out: its domain holds it open, and its guest does not see it. Its server must not go. */
  readonly half?: true
}

/** What a host offers, said once when it connects. */
export interface HostCapacity {
  readonly memoryMiB: number
  readonly cores: number
  readonly diskGiB: number
  /** `kvm`, `tcg` or `none` (the fake hypervisor). */
  readonly accelerator: 'kvm' | 'tcg' | 'none'
}
