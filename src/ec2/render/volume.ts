/** Volumes as answers have them. Source: EC2 API Reference, "Volume", "VolumeAttachment". */
import type { Volume, VolumeAttachment } from '@aws-sdk/client-ec2'
import { type Tags, tagList } from '../../control/tags/tags.ts'
import { keyArn } from '../../control/volumes/encryption.ts'
import { type Cloud, zoneId } from '../../model/cloud.ts'
import { reportedIops } from '../../model/volume-types.ts'
import type { AttachmentRow, VolumeRow } from '../../store/tables/volumes.ts'

/** All that an answer about a volume is made of. */
export interface FullVolume extends VolumeRow {
  readonly tags: Tags
  readonly attachments: readonly AttachmentRow[]
}

export function renderVolume(cloud: Cloud, volume: FullVolume): Volume {
  const iops = reportedIops({ ...volume, sizeGiB: volume.sizeGib })
  const throughput = throughputOf(volume)
  return {
    VolumeId: volume.id,
    Size: volume.sizeGib,
    SnapshotId: volume.snapshotId ?? '',
    AvailabilityZone: volume.zone,
    AvailabilityZoneId: zoneId(cloud, volume.zone),
    State: stateOfVolume(volume),
    CreateTime: new Date(volume.createdAt),
    Attachments: volume.attachments.map(renderAttachment),
    VolumeType: volume.type,
    ...(iops !== undefined && { Iops: iops }),
    ...(throughput !== undefined && { Throughput: throughput }),
    Encrypted: volume.keyId !== null,
    ...(volume.keyId !== null && { KmsKeyId: keyArn(cloud, volume.accountId, volume.keyId) }),
    MultiAttachEnabled: volume.multiAttach === 1,
    Tags: tagList(volume.tags),
  }
}

export function renderAttachment(row: AttachmentRow): VolumeAttachment {
  return {
    VolumeId: row.volumeId,
    InstanceId: row.instanceId,
    Device: row.device,
    State: row.state,
    AttachTime: new Date(row.attachedAt),
    DeleteOnTermination: row.deleteOnTermination === 1,
  }
}

export function stateOfVolume({ state, attachments }: FullVolume): NonNullable<Volume['State']> {
  return state === 'available' && attachments.length > 0 ? 'in-use' : state
}

/** MiB in a second, of types that promise some. */
export function throughputOf({ type, throughput }: Pick<VolumeRow, 'type' | 'throughput'>): number | undefined {
  return type === 'gp3' ? (throughput ?? 125) : undefined
}
