/** What an instance of each type has. */
import { type EbsOptimized, type Family, families } from './instance-type-table.ts'

export interface InstanceType {
  /** `m1.small`. */
  readonly name: string
  readonly vcpus: number
  readonly threadsPerCore: 1 | 2
  readonly memoryMiB: number
  /**
   * EC2 Compute Units of all its vCPUs together: one is a 1.0 to 1.2 GHz Opteron or Xeon of 2007. For a burstable type,
   * what it has in a burst. Source: EC2 FAQ (2007), "What is an EC2 Compute Unit?".
   */
  readonly ecu: number
  /** Share of each vCPU that a burstable type may always use; others have none. */
  readonly baseline?: number
  /** Ephemeral disks. */
  readonly disks: readonly TypeDisk[]
  readonly network: string
  readonly maxInterfaces: number
  readonly ipv4PerInterface: number
  readonly ipv6: boolean
  readonly architectures: readonly ('i386' | 'x86_64')[]
  readonly virtualizationTypes: readonly ('hvm' | 'paravirtual')[]
  readonly hypervisor: 'xen' | 'nitro'
  readonly manufacturer: 'Intel' | 'AMD'
  readonly currentGeneration: boolean
  readonly freeTier: boolean
  readonly ebsOptimized: EbsOptimized
  /** Whether instances of it may be in a cluster placement group. */
  readonly clusters: boolean
}

export interface TypeDisk {
  readonly sizeGB: number
  readonly count: number
  readonly type: 'hdd' | 'ssd'
}

/** Every type, family by family, small ones first. */
export const instanceTypes: readonly InstanceType[] = Object.entries(families).flatMap(([name, family]) =>
  typesOf(name, family),
)

/** Of a launch that names none. Source: EC2 User Guide, default type of RunInstances. */
export const usualInstanceType = 'm1.small'

const byName = new Map(instanceTypes.map((it) => [it.name, it]))

export function instanceType(name: string): InstanceType | undefined {
  return byName.get(name)
}

const memoryStepMiB = 8
/** Measured: Debian's kernel takes 46 MiB before its first program; the tiny image deadlocks with 72 and boots with 80. */
const leastMemoryMiB = 96

/**
 * The type with its memory and disks divided by `factor`, so that large types fit on a small machine; vCPUs and ECUs stay.
 * Memory is rounded up to 8 MiB, at least 96 MiB; disks may have a fraction of a GB. A factor of 1 changes nothing.
 */
export function scaled(type: InstanceType, factor: number): InstanceType {
  if (!(factor > 0)) throw new RangeError(`a scale has to be more than 0, not ${factor}`)
  if (factor === 1) return type
  const memoryMiB = Math.max(leastMemoryMiB, Math.ceil(type.memoryMiB / factor / memoryStepMiB) * memoryStepMiB)
  return { ...type, memoryMiB, disks: type.disks.map((it) => ({ ...it, sizeGB: it.sizeGB / factor })) }
}

function typesOf(family: string, { rows, diskType, ...traits }: Family): InstanceType[] {
  return rows.map(([size, vcpus, memoryMiB, ecu, network, maxInterfaces, ipv4PerInterface, details = {}]) => {
    const { disks, baseline, bits32 = false, freeTier = false, ...own } = details
    return {
      ...traits,
      ...own,
      name: `${family}.${size}`,
      vcpus,
      memoryMiB,
      ecu,
      network,
      maxInterfaces,
      ipv4PerInterface,
      freeTier,
      ...(baseline !== undefined && { baseline }),
      architectures: bits32 ? ['i386', 'x86_64'] : ['x86_64'],
      disks: disks ? [{ count: disks[0], sizeGB: disks[1], type: diskType }] : [],
    }
  })
}
