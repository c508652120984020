/** Volumes that RunInstances asks for, over those that the image names. Source: EC2 API Reference, "BlockDeviceMapping". */
import type { BlockDeviceMapping } from '@aws-sdk/client-ec2'
import { bare } from '../../control/attachments/attach.ts'
import { mappingsOf } from '../../control/images/mappings.ts'
import type { LaunchVolume } from '../../control/instances/launch-volumes.ts'
import { findSnapshot } from '../../control/snapshots/find.ts'
import { encryptionFor } from '../../control/volumes/encryption.ts'
import { refuse } from '../../model/errors.ts'
import type { ImageRow } from '../../store/tables/resources.ts'
import type { Context } from '../action.ts'
import { deviceName } from './device-name.ts'
import { checkVolume } from './new-volume.ts'

export async function launchVolumes(
  context: Context,
  image: ImageRow,
  mappings: readonly BlockDeviceMapping[] = [],
): Promise<LaunchVolume[]> {
  const volumes = mappingsOf(image)
  for (const mapping of mappings) {
    const device = deviceName(mapping.DeviceName)
    const index = volumes.findIndex((it) => bare(it.device) === bare(device))
    if (mapping.NoDevice !== undefined) {
      if (index === 0) refuse('InvalidParameterValue', { message: `The root device ${device} cannot be left out.` })
      if (index > 0) volumes.splice(index, 1)
    } else if (mapping.VirtualName) {
      refuse('UnsupportedOperation', { message: 'Mapping of instance store volumes is not served by this cloud.' })
    } else {
      const volume = await volumeOf(context, device, mapping, volumes[index])
      if (index >= 0) volumes[index] = volume
      else volumes.push(volume)
    }
  }
  return volumes
}

async function volumeOf(
  { tx, caller, cloud }: Context,
  device: string,
  { Ebs: asked = {} }: BlockDeviceMapping,
  named: LaunchVolume | undefined,
): Promise<LaunchVolume> {
  const id = asked.SnapshotId ?? named?.snapshot ?? undefined
  const snapshot = id === undefined ? undefined : await findSnapshot(tx, caller.account, id)
  const type = asked.VolumeType ?? (asked.Iops ? undefined : named?.type)
  const checked = checkVolume(
    { Size: asked.VolumeSize, Iops: asked.Iops, Throughput: asked.Throughput, VolumeType: type },
    snapshot?.sizeGib ?? named?.sizeGiB,
  )
  return {
    device: named?.device ?? device,
    snapshot: snapshot?.id ?? null,
    ...checked,
    keyId: await encryptionFor(tx, { account: caller.account, cloud }, asked, snapshot),
    deleteOnTermination: asked.DeleteOnTermination ?? named?.deleteOnTermination ?? true,
  }
}
