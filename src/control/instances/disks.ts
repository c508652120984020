/** Which disks an instance of a type has, and under what names its guest sees them. */
import type { Cloud } from '../../model/cloud.ts'
import { instanceType, scaled } from '../../model/instance-types.ts'

export interface TypeDisks {
  readonly ephemeral: readonly { readonly name: string; readonly sizeMiB: number }[]
  readonly swap?: { readonly name: string; readonly sizeMiB: number }
}

export const rootDevice = 'sda1'

/**
 * Types whose disks were partitions of one: the ephemeral one is sda2, swap sda3. The others begin at sdb.
 * Source: EC2 User Guide (2012), "Amazon EC2 Instance Storage".
 */
const partitioned: ReadonlySet<string> = new Set(['m1.small', 'c1.medium'])
const swapMiB = 896
const leastDiskMiB = 64
const leastSwapMiB = 16

export function disksOfType(cloud: Cloud, name: string): TypeDisks {
  const type = instanceType(name)
  if (!type) return { ephemeral: [] }
  const sizes = scaled(type, cloud.scale).disks.flatMap((it) => Array.from({ length: it.count }, () => it.sizeGB))
  return {
    ephemeral: sizes.map((sizeGB, index) => ({
      name: index === 0 && partitioned.has(name) ? 'sda2' : `sd${String.fromCharCode('b'.charCodeAt(0) + index)}`,
      sizeMiB: Math.max(leastDiskMiB, Math.round((sizeGB * 1e9) / 2 ** 20)),
    })),
    ...(partitioned.has(name) && {
      swap: { name: 'sda3', sizeMiB: Math.max(leastSwapMiB, Math.round(swapMiB / cloud.scale)) },
    }),
  }
}
