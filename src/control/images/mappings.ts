import type { ImageRow } from '../../store/tables/resources.ts'
import type { LaunchVolume } from '../instances/launch-volumes.ts'

/** The device that an image's root volume is attached as. */
export const rootDeviceName = '/dev/sda1'

/** Volumes that instances of the image are given; the root's first. None where the root is no volume. */
export function mappingsOf(image: Pick<ImageRow, 'rootSnapshotId' | 'rootSizeMib' | 'mappingsJson'>): LaunchVolume[] {
  if (!image.rootSnapshotId) return []
  const others = JSON.parse(image.mappingsJson ?? '[]') as LaunchVolume[]
  const root: LaunchVolume = {
    device: rootDeviceName,
    snapshot: image.rootSnapshotId,
    sizeGiB: Math.ceil(image.rootSizeMib / 1024),
    type: 'standard',
    iops: null,
    throughput: null,
    deleteOnTermination: true,
  }
  return [root, ...others]
}
