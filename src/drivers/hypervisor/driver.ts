import type { DomainState, PluggedFact } from '../../host-api/facts.ts'
import type { DomainSpec } from '../../host-api/spec.ts'
import type { DomainId, InterfaceId, VolumeId } from '../../model/ids.ts'
import type { TapPoint } from '../network/driver.ts'
import type { BlockNode, ParkedDisk } from '../storage/driver.ts'
import type { Connection } from '../volumes/driver.ts'

/** Starts and ends virtual machines on this host. Domains outlive the process that uses the driver. */
export interface HypervisorDriver {
  readonly can: { readonly accelerator: 'kvm' | 'tcg' | 'none' }
  /**
   * Starts the domain: from the beginning; as a copy of a parked machine, whose disk it then has to have as that left it; or as a
   * machine that stands by, whose disks and tap are the domain's by now. Resolves once its virtual CPUs run; at once if it already does.
   */
  boot(spec: DomainSpec, wiring: DomainWiring, abort: AbortSignal, from?: Copied | Continued): Promise<void>
  /** Presses the ACPI power button. The guest may take its time, or ignore it. Pressing it again is harmless. */
  pressButton(id: DomainId, abort: AbortSignal): Promise<void>
  /**
   * Restarts the guest, its disks kept: by the power button first, by reset after `graceMs`. Remembers `count` as the
   * reboots carried out, so that the same count asked for twice reboots once.
   */
  reboot(id: DomainId, count: number, graceMs: number, abort: AbortSignal): Promise<void>
  /**
   * The first half of a reboot: the guest goes off by the power button, or is halted as it is after `graceMs`. It writes nothing until
   * `reboot` with this count, or a later one, does the second half. It counts as running meanwhile.
   */
  holdReboot(id: DomainId, count: number, graceMs: number, abort: AbortSignal): Promise<void>
  /** Ends the domain at once: it is then `off`, its console still readable. Resolves at once if it has ended or never was. */
  kill(id: DomainId, abort: AbortSignal): Promise<void>
  /** Ends the domain and removes all that the driver kept of it. Resolves at once if there is nothing. */
  forget(id: DomainId, abort: AbortSignal): Promise<void>
  /**
   * Plugs a vif into a running domain, at the tap's other end. Resolves once the machine has it, at once if it already does; the
   * guest takes its own time to notice.
   */
  plug(id: DomainId, vif: DomainSpec['vifs'][number], tap: TapPoint, abort: AbortSignal): Promise<void>
  /**
   * Unplugs a vif. Resolves once the guest has let go of it, at once if it is not plugged; throws where the guest does not let
   * go, and may be asked again.
   */
  unplug(id: DomainId, vif: InterfaceId, abort: AbortSignal): Promise<void>
  /** Plugs a volume into a domain that runs. Resolves at once if it is; a guest may need a moment more to see it. */
  plugVolume(id: DomainId, volume: VolumeWiring, abort: AbortSignal): Promise<void>
  /** Takes a volume away, once the guest lets it go: throws if it has not within seconds. Resolves at once if it is not there. */
  unplugVolume(id: DomainId, volume: VolumeId, abort: AbortSignal): Promise<void>
  /** Shows the guest the new size of a volume that has grown. */
  resizeVolume(id: DomainId, volume: VolumeId, sizeMiB: number, abort: AbortSignal): Promise<void>
  /** Every domain this driver finds, whoever started it: the truth after a restart of the agent. */
  list(abort: AbortSignal): Promise<DomainStatus[]>
  /** The last `bytes` that the guest wrote to its serial console. Empty where nothing was written; throws where there is no such domain. */
  console(id: DomainId, bytes: number): Promise<Buffer>
  /** Calls `changed` whenever a domain may have changed its state. A hint: `list` tells the truth. */
  watch(changed: (id: DomainId) => void): void
  /** Lets go of connections and watchers; domains go on. */
  [Symbol.asyncDispose](): Promise<void>
}

/** Machines that were booted once and saved when they were nobody yet, and of which others are copies. */
export interface Parking extends AsyncDisposable {
  /** The one that this domain may be a copy of, if there is one. */
  find(spec: DomainSpec): Promise<ParkedMachine | undefined>
  /** Makes one for domains like this, in the background, and then one that stands by: if its image can be parked, and there is none. */
  prepare(spec: DomainSpec): void
  /**
   * Makes one for domains like this, once no other is being made, and also where it was tried before and failed. Throws a `Fault` that
   * says why there is none.
   */
  warm(spec: DomainSpec): Promise<'made' | 'there'>
  /**
   * A copy that was started before anybody asked for it, if there is one for domains like this, and makes it this domain's: whoever has it
   * boots from it or drops it.
   */
  take(spec: DomainSpec): Promise<Standby | undefined>
  /** Ends a machine that was taken. What the domain has from it stays, until nothing is left of the domain. */
  drop(standby: Standby): Promise<void>
  /** Nothing is left of the domain. */
  forget(domain: DomainId): void
  /** What there is does not wake: it is thrown away. */
  discard(key: string): Promise<void>
}

/** What a domain is a copy of, and what its guest is told of who it is now: at most 4096 bytes. */
export interface Copied {
  readonly machine: ParkedMachine
  readonly identity: string
}

/** A machine that stands still, as nobody, with all that a process needs time for behind it. */
export interface Standby {
  /** Of its process: becomes the domain's. */
  readonly folder: string
  /** Has its disks: becomes the domain's, too. */
  readonly disks: string
}

/** What a domain goes on as, and what its guest is told of who it is now: at most 4096 bytes. */
export interface Continued {
  readonly standby: Standby
  readonly identity: string
}

export interface ParkedMachine {
  /** Of all that must be the same in its copies. */
  readonly key: string
  /** Descriptor of its memory. */
  readonly memory: number
  /** Files: of its processors and devices, and what its console said. */
  readonly state: string
  readonly console: string
  readonly root: ParkedDisk
  /** Where its memory and its state say who it is. */
  readonly marks: { readonly memory: readonly Mark[]; readonly state: readonly Mark[] }
  /** Its boot id, if its guest had one when it was parked. */
  readonly boot?: string
}

/**
 * A place that says who a machine is: its UUID as SMBIOS has it, in the order of its letters or in letters, its instance, its MAC, the page for
 * its guest, or which of its boots this is.
 */
export interface Mark {
  readonly what: 'uuid' | 'bytes' | 'text' | 'instance' | 'mac' | 'page' | 'boot'
  /** In bytes. */
  readonly offset: number
}

/** What the other drivers made for a domain. Disks and taps in the order of `DomainSpec.disks` and `.vifs`. */
export interface DomainWiring {
  /** Absolute paths. Without a kernel the firmware starts from the disks. */
  readonly kernel?: string
  readonly ramdisk?: string
  readonly disks: readonly BlockNode[]
  readonly taps: readonly TapPoint[]
  /** In the order of `DomainSpec.plugs`. */
  readonly volumes?: readonly VolumeWiring[]
}

/** A volume, and the way to it. */
export interface VolumeWiring extends Connection {
  readonly volume: VolumeId
  /** What the guest finds in its serial number. */
  readonly serial: string
  /** 1 to 31: where it is plugged in. */
  readonly slot: number
}

export type PluggedVolume = PluggedFact

export interface DomainStatus {
  readonly id: DomainId
  readonly state: Exclude<DomainState, 'waiting' | 'starting'>
  readonly cause?: 'guest' | 'button' | 'forced'
  readonly startedAt: string
  readonly reboots: number
  /** The reboot that is held half-way. */
  readonly heldReboot?: number
  /** What is plugged into it while it runs, in the order of their ids. */
  readonly vifs: readonly InterfaceId[]
  /** Volumes that are plugged in, while it runs. */
  readonly plugged?: readonly PluggedVolume[]
  /** When the power button was first pressed to end it, if it was. ISO 8601. */
  readonly buttonPressedAt?: string
}
