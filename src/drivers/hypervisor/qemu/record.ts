import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { systemCode } from '../../../base/fault.ts'
import type { ProcessIdentity } from '../../../base/process.ts'
import type { DomainSpec } from '../../../host-api/spec.ts'
import type { DomainId, InterfaceId, VolumeId } from '../../../model/ids.ts'
import type { DomainStatus, DomainWiring } from '../driver.ts'

/**
 * What the driver keeps of a domain: `domain.json` in its folder. All else is asked of the process.
 *
 *     starting ──► started ──► ended (guest, button, forced)
 *
 * A domain that is found `starting` by a new driver is the remains of a boot that died.
 */
export interface DomainRecord {
  readonly id: DomainId
  readonly phase: 'starting' | 'started'
  readonly spec: DomainSpec
  readonly wiring: DomainWiring
  readonly startedAt: string
  readonly process?: ProcessIdentity
  /** Folders of its control groups. */
  readonly groups: readonly string[]
  /** What the NIC of its first vif is called, where that is another name: its process was there before it. */
  readonly firstNic?: InterfaceId
  /** Reboots carried out. */
  readonly reboots: number
  /** The reboot that was begun: while it is there, a guest that went off comes back. */
  readonly rebooting?: number
  /** The reboot that is held: its guest is off, or halted. */
  readonly held?: number
  /** Volumes that are plugged in, or may be. */
  readonly plugs?: readonly VolumeId[]
  /** It was woken, and is not known to be awake: how many bytes its console had before. */
  readonly waking?: number
  readonly buttonPressedAt?: string
  /** Set once it is over, or before we end it: never taken back. */
  readonly ended?: NonNullable<DomainStatus['cause']>
}

const fileName = 'domain.json'

/** What the folder holds; nothing where there is no record, or one that was cut off by a loss of power. */
export function readRecord(folder: string): DomainRecord | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, fileName), 'utf8')) as DomainRecord
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || error instanceof SyntaxError) return undefined
    throw error
  }
}

/** Whole or not at all. Without waiting: between starting a process and writing down its number nothing else may happen. */
export function writeRecord(folder: string, record: DomainRecord): void {
  const partial = join(folder, `${fileName}.new`)
  writeFileSync(partial, JSON.stringify(record), { mode: 0o600 })
  renameSync(partial, join(folder, fileName))
}
