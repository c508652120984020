/** Images as answers have them. Source: EC2 API Reference, "Image". */
import type { Image } from '@aws-sdk/client-ec2'
import { type Tags, tagList } from '../../control/tags/tags.ts'
import type { ImageRow } from '../../store/tables/resources.ts'

export interface TaggedImage extends ImageRow {
  readonly tags: Tags
}

export function renderImage(row: TaggedImage): Image {
  return {
    ImageId: row.id,
    ImageLocation: locationOf(row),
    State: row.state,
    OwnerId: row.accountId,
    ...(row.ownerAlias !== null && { ImageOwnerAlias: row.ownerAlias }),
    CreationDate: new Date(row.createdAt).toISOString(),
    Public: row.isPublic === 1,
    ProductCodes: [],
    Architecture: row.architecture as NonNullable<Image['Architecture']>,
    ImageType: 'machine',
    Name: row.name,
    Description: row.description,
    RootDeviceType: 'instance-store',
    RootDeviceName: '/dev/sda1',
    BlockDeviceMappings: [],
    VirtualizationType: 'hvm',
    Hypervisor: 'xen',
    EnaSupport: false,
    BootMode: 'legacy-bios',
    PlatformDetails: 'Linux/UNIX',
    UsageOperation: 'RunInstances',
    Tags: tagList(row.tags),
  }
}

/** `amazon/tiny`. */
export function locationOf({ ownerAlias, accountId, name }: ImageRow): string {
  return `${ownerAlias ?? accountId}/${name}`
}
