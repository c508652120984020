/** What instances of an image are given beside a machine: volumes, and disks of their type. Source: EC2 API Reference, "BlockDeviceMapping". */
import { bare } from '../../model/device-names.ts'
import type { VolumeId } from '../../model/ids.ts'
import type { ImageRow } from '../../store/tables/resources.ts'
import type { LaunchVolume } from '../instances/launch-volumes.ts'

/** A volume of an image's instances. */
export interface ImageVolume extends LaunchVolume {
  /** What its snapshot is, or is to be, taken of. */
  readonly volume?: VolumeId
}

/** A disk that the instance's type has (`ephemeral0`, `swap`) under a name of one's own. */
export interface DiskMapping {
  readonly device: string
  readonly virtual: string
}

export type ImageMapping = ImageVolume | DiskMapping

type Mapped = Pick<ImageRow, 'rootSnapshotId' | 'rootSizeMib' | 'rootDeviceName' | 'mappingsJson'>

/** The device that an image's root volume is attached as, where it does not say another. */
export const usualRootDevice = '/dev/sda1'

export function rootDeviceOf(image: Pick<ImageRow, 'rootDeviceName'> | undefined): string {
  return image?.rootDeviceName ?? usualRootDevice
}

/** Volumes that instances of the image are given; the root's first. None where the root is no volume. */
export function mappingsOf(image: Mapped): ImageVolume[] {
  if (!image.rootSnapshotId) return []
  const volumes = allMappings(image).filter((it): it is ImageVolume => !('virtual' in it))
  const isRoot = (it: ImageVolume) => bare(it.device) === bare(rootDeviceOf(image))
  const root: ImageVolume = volumes.find(isRoot) ?? {
    device: rootDeviceOf(image),
    snapshot: image.rootSnapshotId,
    sizeGiB: Math.ceil(image.rootSizeMib / 1024),
    type: 'standard',
    iops: null,
    throughput: null,
    deleteOnTermination: true,
  }
  return [root, ...volumes.filter((it) => !isRoot(it))]
}

/** Disks of the type that instances of the image are given. Others than these come only where the root is no volume. */
export function diskMappingsOf(image: Mapped): DiskMapping[] {
  return allMappings(image).filter((it): it is DiskMapping => 'virtual' in it)
}

function allMappings({ mappingsJson }: Mapped): ImageMapping[] {
  return JSON.parse(mappingsJson ?? '[]') as ImageMapping[]
}
