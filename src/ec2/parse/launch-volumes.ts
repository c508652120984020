/** Volumes and disks that RunInstances asks for, over those that the image names. Source: EC2 API Reference, "BlockDeviceMapping". */
import type { BlockDeviceMapping } from '@aws-sdk/client-ec2'
import { type DiskMapping, type ImageVolume, mappingsOf } from '../../control/images/mappings.ts'
import { notedDisks, usualDisks } from '../../control/instances/disks.ts'
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
  const usual = usualDisks(context.cloud, image, type)
  const { volumes, disks } = await applyMappings(context, { volumes: mappingsOf(image), disks: usual }, mappings)
  return { volumes: volumes.map(withoutSource), disks: notedDisks(disks, image, usual) }
}

function withoutSource({ volume: _, ...rest }: ImageVolume): LaunchVolume {
  return rest
}
