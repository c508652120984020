/** Which disks an instance has beside volumes, and under what names its guest sees them. */
import type { Cloud } from '../../model/cloud.ts'
import { instanceType, scaled } from '../../model/instance-types.ts'
import type { ImageRow, InstanceRow } from '../../store/tables/resources.ts'
import type { DiskMapping } from '../images/mappings.ts'

/** `ephemeral0`, `swap`: which of the type's disks it is. */
export interface TypeDisk {
  readonly virtual: string
  readonly name: string
  readonly sizeMiB: number
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

/** All that a type has, under its usual names. */
export function disksOfType(cloud: Cloud, name: string): TypeDisk[] {
  const type = instanceType(name)
  if (!type) return []
  const sizes = scaled(type, cloud.scale).disks.flatMap((it) => Array.from({ length: it.count }, () => it.sizeGB))
  const ephemeral = sizes.map((sizeGB, index) => ({
    virtual: `ephemeral${index}`,
    name: index === 0 && partitioned.has(name) ? 'sda2' : `sd${String.fromCharCode('b'.charCodeAt(0) + index)}`,
    sizeMiB: Math.max(leastDiskMiB, Math.round((sizeGB * 1e9) / 2 ** 20)),
  }))
  const swap = { virtual: 'swap', name: 'sda3', sizeMiB: Math.max(leastSwapMiB, Math.round(swapMiB / cloud.scale)) }
  return partitioned.has(name) ? [...ephemeral, swap] : ephemeral
}

/**
 * The disks of an instance: those that were mapped, where its type has them, else all where its root is none of its volumes.
 * Source: EC2 User Guide, "Add instance store volumes": on EBS-backed ones those alone that a mapping names.
 */
export function disksOfInstance(
  cloud: Cloud,
  { type, disksJson }: Pick<InstanceRow, 'type' | 'disksJson'>,
  image: Pick<ImageRow, 'rootSnapshotId'>,
): TypeDisk[] {
  const all = disksOfType(cloud, type)
  if (!disksJson) return image.rootSnapshotId ? [] : all
  return (JSON.parse(disksJson) as DiskMapping[]).flatMap(({ device, virtual }) => {
    const disk = all.find((it) => it.virtual === virtual)
    return disk ? [{ ...disk, name: device.replace(/^\/dev\//, '') }] : []
  })
}
