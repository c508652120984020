/** Which disks an instance has beside volumes, and under what names its guest sees them. */
import type { Cloud } from '../../model/cloud.ts'
import { type InstanceType, instanceType, scaled } from '../../model/instance-types.ts'
import type { ImageRow, InstanceRow } from '../../store/tables/resources.ts'
import { type DiskMapping, diskMappingsOf } from '../images/mappings.ts'

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

/** Those that a launch finds, to which its mappings are applied: the image's; where its root is no volume, all of the type too. */
export function usualDisks(cloud: Cloud, image: ImageRow, type: string): DiskMapping[] {
  const mapped = diskMappingsOf(image)
  if (image.rootSnapshotId) return mapped
  const others = disksOfType(cloud, type).filter((it) => !mapped.some(({ virtual }) => virtual === it.virtual))
  return [...others.map(({ name, virtual }) => ({ device: `/dev/${name}`, virtual })), ...mapped]
}

/** What an instance has by its type, and by its launch's disks where they are others than the usual ones. */
export function shapeOf(
  cloud: Cloud,
  type: InstanceType,
  disks: readonly DiskMapping[] | undefined,
): Pick<InstanceRow, 'type' | 'memoryMib' | 'disksJson'> {
  const disksJson = disks ? JSON.stringify(disks) : null
  return { type: type.name, memoryMib: scaled(type, cloud.scale).memoryMiB, disksJson }
}

/** What is noted of a launch's disks: nothing where instances of the image and type have these anyway. */
export function notedDisks(
  disks: readonly DiskMapping[],
  image: ImageRow,
  usual: readonly DiskMapping[],
): readonly DiskMapping[] | undefined {
  const same = JSON.stringify(disks) === JSON.stringify(usual) && diskMappingsOf(image).length === 0
  return same ? undefined : disks
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
