import type { BlockDeviceMapping, Image } from '@aws-sdk/client-ec2'
import { command } from '../command.ts'
import { type Line, tagLines } from '../lines.ts'
import { filters, toggle, UsageError, values, words } from '../params.ts'

/** Source: euca2ools 3.4, the filters its describe-images takes. */
const imageFilters = filters(
  ...['architecture', 'block-device-mapping.delete-on-termination', 'block-device-mapping.device-name'],
  ...['block-device-mapping.snapshot-id', 'block-device-mapping.volume-size', 'block-device-mapping.volume-type'],
  ...['description', 'hypervisor', 'image-id', 'image-type', 'is-public', 'kernel-id', 'manifest-location', 'name'],
  ...['owner-alias', 'owner-id', 'platform', 'product-code', 'product-code.type', 'ramdisk-id', 'root-device-name'],
  ...['root-device-type', 'state', 'state-reason-code', 'state-reason-message', 'tag-key', 'tag-value', 'tag:KEY'],
  'virtualization-type',
)

export const imageCommands = [
  command({
    name: 'describe-images',
    summary:
      'Show information about images. By default, only images your account owns and images for which your account has explicit launch permissions are shown.',
    params: {
      images: words('IMAGE', 'limit results to specific images'),
      all: toggle('-a, --all', 'describe all images'),
      owners: values('-o, --owner ACCOUNT', 'describe images owned by the specified owner'),
      executableBy: values(
        '-x, --executable-by ACCOUNT',
        'describe images for which the specified account has explicit launch permissions',
      ),
      filters: imageFilters,
    },
    operation: 'DescribeImages',
    request({ images, all, owners, executableBy, filters }) {
      const narrowed = [...images, ...owners, ...executableBy].length > 0
      if (all && narrowed)
        throw new UsageError('argument -a/--all: not allowed with images, -o/--owner or -x/--executable-by')
      const Filters = filters
      if (!all && !narrowed)
        return [
          { Owners: ['self'], Filters },
          { ExecutableUsers: ['self'], Filters },
        ]
      return {
        Filters,
        ...(images.length > 0 && { ImageIds: images }),
        ...(owners.length > 0 && { Owners: owners }),
        ...(executableBy.length > 0 && { ExecutableUsers: executableBy }),
      }
    },
    render(outputs) {
      const images = new Map(outputs.flatMap((it) => it.Images ?? []).map((it) => [it.ImageId ?? '', it]))
      return [...images.values()].sort((a, b) => ((a.ImageId ?? '') < (b.ImageId ?? '') ? -1 : 1)).flatMap(imageLines)
    },
  }),
]

function imageLines(it: Image): Line[] {
  const location =
    it.RootDeviceType === 'instance-store' || !it.Name ? it.ImageLocation : `${it.OwnerId ?? ''}/${it.Name}`
  return [
    [
      ...['IMAGE', it.ImageId, location, it.ImageOwnerAlias || it.OwnerId, it.State, it.Public ? 'public' : 'private'],
      ...[it.Architecture, it.ImageType, it.KernelId, it.RamdiskId, it.Platform, it.RootDeviceType],
      ...[it.VirtualizationType, it.Hypervisor],
    ],
    ...(it.BlockDeviceMappings ?? []).map(mappingLine),
    ...tagLines(it.ImageId, it.Tags),
  ]
}

function mappingLine({ DeviceName, VirtualName, Ebs }: BlockDeviceMapping): Line {
  if (VirtualName) return ['BLOCKDEVICEMAPPING', 'EPHEMERAL', DeviceName, VirtualName]
  return [
    ...['BLOCKDEVICEMAPPING', 'EBS', DeviceName, Ebs?.SnapshotId, Ebs?.VolumeSize, Ebs?.DeleteOnTermination],
    ...[Ebs?.VolumeType, Ebs?.Iops],
  ]
}
