/**
 * Types of volumes: sizes, and what they may do in a second.
 * Source: EBS User Guide, "Amazon EBS volume types", and EC2 API Reference, CreateVolume.
 */
export const volumeTypes = {
  standard: { sizeGiB: [1, 1024] },
  gp2: { sizeGiB: [1, 16384] },
  gp3: { sizeGiB: [1, 16384], iops: [3000, 16000], iopsPerGiB: 500, throughput: [125, 1000] },
  io1: { sizeGiB: [4, 16384], iops: [100, 64000], iopsPerGiB: 50, needsIops: true },
  io2: { sizeGiB: [4, 16384], iops: [100, 64000], iopsPerGiB: 500, needsIops: true },
  st1: { sizeGiB: [125, 16384] },
  sc1: { sizeGiB: [125, 16384] },
} as const satisfies Record<string, VolumeTypeRules>

export interface VolumeTypeRules {
  readonly sizeGiB: readonly [least: number, most: number]
  /** What a caller may ask for. */
  readonly iops?: readonly [least: number, most: number]
  readonly iopsPerGiB?: number
  readonly needsIops?: boolean
  /** MiB in a second. */
  readonly throughput?: readonly [least: number, most: number]
}

export type VolumeType = keyof typeof volumeTypes

export function isVolumeType(name: string): name is VolumeType {
  return Object.hasOwn(volumeTypes, name)
}

export interface Performance {
  readonly type: VolumeType
  readonly sizeGiB: number
  readonly iops: number | null
  readonly throughput: number | null
}

/** IOPS as answers have them; none for types that promise none. */
export function reportedIops({ type, sizeGiB, iops }: Performance): number | undefined {
  if (type === 'gp2') return Math.min(16000, Math.max(100, 3 * sizeGiB))
  if (type === 'gp3') return iops ?? 3000
  return iops ?? undefined
}

const MiB = 2 ** 20

/** What the data path lets through. Bursts are not saved up: a small gp2 volume may always what it may in a burst. */
export function limitsOf(it: Performance): { operations: number; bytes: number } {
  const TiB = it.sizeGiB / 1024
  switch (it.type) {
    case 'standard':
      return { operations: 200, bytes: 90 * MiB }
    case 'gp2':
      return { operations: Math.max(3000, reportedIops(it) ?? 0), bytes: (it.sizeGiB > 170 ? 250 : 128) * MiB }
    case 'gp3':
      return { operations: it.iops ?? 3000, bytes: (it.throughput ?? 125) * MiB }
    case 'io1':
      return { operations: it.iops ?? 100, bytes: 1000 * MiB }
    case 'io2':
      return { operations: it.iops ?? 100, bytes: 4000 * MiB }
    case 'st1':
      return { operations: 500, bytes: Math.round(Math.min(500, 250 * TiB) * MiB) }
    case 'sc1':
      return { operations: 250, bytes: Math.round(Math.min(250, 80 * TiB) * MiB) }
  }
}
