/** Images as answers have them. Source: EC2 API Reference, "Image". */
import type { BlockDeviceMapping, Image } from '@aws-sdk/client-ec2'
import type { ImageDetails } from '../../control/images/find.ts'
import { diskMappingsOf, mappingsOf, rootDeviceOf } from '../../control/images/mappings.ts'
import { protectionOf } from '../../control/images/state.ts'
import { type Tags, tagList } from '../../control/tags/tags.ts'
import type { ImageRow } from '../../store/tables/resources.ts'
import { rootTypeOf } from './instance.ts'

export interface TaggedImage extends ImageRow {
  readonly tags: Tags
  readonly details: ImageDetails | undefined
}

export function renderImage(row: TaggedImage, now: Date): Image {
  return {
    ImageId: row.id,
    ImageLocation: locationOf(row),
    State: row.state,
    ...(row.details?.failure && { StateReason: stateReason(row) }),
    OwnerId: row.accountId,
    ...(row.ownerAlias !== null && { ImageOwnerAlias: row.ownerAlias }),
    CreationDate: new Date(row.createdAt).toISOString(),
    ...(row.deprecatedAt != null && { DeprecationTime: new Date(row.deprecatedAt).toISOString() }),
    DeregistrationProtection: protectionOf(row, now),
    ...(row.sourceImageId && { SourceImageId: row.sourceImageId }),
    ...(row.sourceImageRegion && { SourceImageRegion: row.sourceImageRegion }),
    Public: row.isPublic === 1,
    ProductCodes: [],
    Architecture: row.architecture as NonNullable<Image['Architecture']>,
    ImageType: row.details?.type ?? 'machine',
    ...(row.details?.kernelId && { KernelId: row.details.kernelId }),
    ...(row.details?.ramdiskId && { RamdiskId: row.details.ramdiskId }),
    Name: row.name,
    Description: row.description,
    RootDeviceType: rootTypeOf(row),
    RootDeviceName: rootDeviceOf(row),
    ...(row.sourceInstanceId && { SourceInstanceId: row.sourceInstanceId }),
    BlockDeviceMappings: renderMappings(row),
    VirtualizationType: 'hvm',
    Hypervisor: 'xen',
    EnaSupport: false,
    BootMode: bootModeOf(row),
    PlatformDetails: 'Linux/UNIX',
    UsageOperation: 'RunInstances',
    Tags: tagList(row.tags),
  }
}

export function renderMappings(row: ImageRow): BlockDeviceMapping[] {
  const volumes = mappingsOf(row).map(({ device, snapshot, ...it }) => ({
    DeviceName: device,
    Ebs: {
      ...(snapshot !== null && { SnapshotId: snapshot }),
      VolumeSize: it.sizeGiB,
      VolumeType: it.type,
      ...(it.iops !== null && { Iops: it.iops }),
      ...(it.throughput !== null && { Throughput: it.throughput }),
      DeleteOnTermination: it.deleteOnTermination,
      Encrypted: Boolean(it.keyId),
    },
  }))
  const disks = diskMappingsOf(row).map(({ device, virtual }) => ({ DeviceName: device, VirtualName: virtual }))
  return [...volumes, ...disks]
}

export function bootModeOf({ firmware }: Pick<ImageRow, 'firmware'>): 'uefi' | 'legacy-bios' {
  return firmware === 'uefi' ? 'uefi' : 'legacy-bios'
}

/** Where its manifest is; of images that have none, `amazon/NAME`. */
export function locationOf({ ownerAlias, accountId, name, details }: TaggedImage): string {
  return details?.location ?? `${ownerAlias ?? accountId}/${name}`
}

/** Why it failed. Guess: the code; EC2's own differ by what failed. */
export function stateReason({ details }: TaggedImage): { Code: string; Message: string } | undefined {
  return details?.failure ? { Code: 'Client.InvalidManifest', Message: details.failure } : undefined
}
