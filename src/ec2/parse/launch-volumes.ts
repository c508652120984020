/** Volumes and disks that RunInstances asks for, over those that the image names. Source: EC2 API Reference, "BlockDeviceMapping". */
import type { BlockDeviceMapping } from '@aws-sdk/client-ec2'
import { type DiskMapping, diskMappingsOf, type ImageVolume, mappingsOf } from '../../control/images/mappings.ts'
import { disksOfType } from '../../control/instances/disks.ts'
import type { LaunchVolume } from '../../control/instances/launch-volumes.ts'
import type { ImageRow } from '../../store/tables/resources.ts'
import type { Context } from '../action.ts'
import { applyMappings } from './mappings.ts'

interface Asked {
  /** The instance's type. */
  readonly type: string
  readonly mappings: readonly BlockDeviceMapping[]
}

/** What each instance is given. `disks` only where they are others than the image's instances have anyway. */
export async function launchMappings(
  context: Context,
  image: ImageRow,
  { type, mappings }: Asked,
): Promise<{ readonly volumes: readonly LaunchVolume[]; readonly disks: readonly DiskMapping[] | undefined }> {
  const usual = usualDisks(context, image, type)
  const { volumes, disks } = await applyMappings(context, { volumes: mappingsOf(image), disks: usual }, mappings)
  const same = JSON.stringify(disks) === JSON.stringify(usual) && diskMappingsOf(image).length === 0
  return { volumes: volumes.map(withoutSource), disks: same ? undefined : disks }
}

/** Those that the image maps; where its root is no volume, all of the type, under their usual names. */
function usualDisks({ cloud }: Context, image: ImageRow, type: string): DiskMapping[] {
  const mapped = diskMappingsOf(image)
  if (image.rootSnapshotId) return mapped
  const others = disksOfType(cloud, type).filter((it) => !mapped.some(({ virtual }) => virtual === it.virtual))
  return [...others.map(({ name, virtual }) => ({ device: `/dev/${name}`, virtual })), ...mapped]
}

function withoutSource({ volume: _, ...rest }: ImageVolume): LaunchVolume {
  return rest
}
