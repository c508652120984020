/** Images registered, shared and taken back. Source: euca2ools 3.4, the commands of these names. */
import type { BlockDeviceMapping } from '@aws-sdk/client-ec2'
import { parseMapping } from '../block-devices.ts'
import { command } from '../command.ts'
import { needed, toggle, UsageError, value, values, word, words } from '../params.ts'

const mappingsParam = values(
  '-b, --block-device-mapping DEVICE=MAPPED',
  'define a block device mapping for the image, in the form DEVICE=MAPPED, where "MAPPED" is "none", "ephemeral(0-3)", or "[SNAP-ID]:[SIZE]:[true|false]:[standard|VOLTYPE[:IOPS]]"',
  { parse: parseMapping },
)

export const imageRegistrationCommands = [
  command({
    name: 'register',
    summary: 'Register a new image',
    params: {
      manifests: words('MANIFEST', "location of the image's manifest in the object store: BUCKET/KEY"),
      name: value('-n, --name NAME', 'name of the new image'),
      description: value('-d, --description DESC', 'description of the new image'),
      architecture: value('-a, --architecture ARCH', 'CPU architecture of the new image', {
        choices: ['i386', 'x86_64', 'armhf'],
      }),
      kernel: value('--kernel KERNEL', 'ID of the kernel to associate with the new image'),
      ramdisk: value('--ramdisk RAMDISK', 'ID of the RAM disk to associate with the new image'),
      root: value('--root-device-name DEVICE', 'root device name (default: /dev/sda1)'),
      snapshot: value('-s, --snapshot SNAPSHOT', 'snapshot to use for the root device'),
      mappings: mappingsParam,
      virtualization: value('--virtualization-type TYPE', 'virtualization type of the new image', {
        choices: ['paravirtual', 'hvm'],
      }),
    },
    operation: 'RegisterImage',
    request: (it) => ({
      ...{ ...sourceOf(it), Name: it.name, Description: it.description },
      ...{ KernelId: it.kernel, RamdiskId: it.ramdisk, VirtualizationType: it.virtualization },
      Architecture: it.architecture as 'x86_64' | undefined, // the server says which it can run
    }),
    render: (outputs) => outputs.map((it) => ['IMAGE', it.ImageId]),
  }),
  command({
    name: 'create-image',
    summary: 'Create an EBS image from a running or stopped EBS instance',
    params: {
      instance: word('INSTANCE', 'instance from which to create the image (required)'),
      name: needed('-n, --name NAME', 'name for the new image (required)'),
      description: value('-d, --description DESC', 'description for the new image'),
      noReboot: toggle('--no-reboot', 'do not shut down the instance before creating the image'),
      mappings: mappingsParam,
    },
    operation: 'CreateImage',
    request: ({ instance, name, description, noReboot, mappings }) => ({
      ...{ InstanceId: instance, Name: name },
      ...(description !== undefined && { Description: description }),
      ...(noReboot && { NoReboot: true }),
      ...(mappings.length > 0 && { BlockDeviceMappings: mappings }),
    }),
    render: (outputs) => outputs.map((it) => ['IMAGE', it.ImageId]),
  }),
  command({
    name: 'deregister',
    summary: 'De-register an image. After you deregister an image it cannot be used to launch new instances.',
    params: { image: word('IMAGE', 'ID of the image to de-register (required)') },
    operation: 'DeregisterImage',
    request: ({ image }) => ({ ImageId: image }),
    render: (_, { image }) => [['IMAGE', image]],
  }),
  command({
    name: 'modify-image-attribute',
    summary: 'Modify an attribute of an image',
    params: {
      image: word('IMAGE', 'ID of the image to modify'),
      description: value('-d, --description DESC', 'change the description'),
      launchPermission: toggle('-l, --launch-permission', 'grant or revoke launch permissions with -a/-r'),
      add: values('-a, --add ENTITY', 'account to grant launch permission, or "all"'),
      remove: values('-r, --remove ENTITY', 'account to remove launch permission from, or "all"'),
    },
    oneOf: ['description', 'launchPermission'],
    operation: 'ModifyImageAttribute',
    request({ image, description, add, remove }) {
      if (description !== undefined) return { ImageId: image, Description: { Value: description } }
      if (add.length + remove.length === 0)
        throw new UsageError('at least one entity must be specified with -a/--add or -r/--remove')
      return { ImageId: image, LaunchPermission: { Add: add.map(permission), Remove: remove.map(permission) } }
    },
    render: (_, { image, description, add, remove }) =>
      description !== undefined
        ? [['description', image, null, description]]
        : [...lines(image, 'ADD', add), ...lines(image, 'REMOVE', remove)],
  }),
  command({
    name: 'describe-image-attribute',
    summary: "Show information about an image's attributes",
    params: {
      image: word('IMAGE', 'ID of the image to describe (required)'),
      launchPermission: toggle('-l, --launch-permission', 'show launch permissions'),
      description: toggle('--description', 'show the description'),
      kernel: toggle('--kernel', 'show the kernel'),
      ramdisk: toggle('--ramdisk', 'show the RAM disk'),
      mappings: toggle('-B, --block-device-mapping', 'show block device mappings'),
    },
    oneOf: ['launchPermission', 'description', 'kernel', 'ramdisk', 'mappings'],
    operation: 'DescribeImageAttribute',
    request: (it) => ({ ImageId: it.image, Attribute: attributeOf(it) }),
    render: (outputs, { image }) =>
      outputs.flatMap((it) => [
        ...(it.LaunchPermissions ?? []).map((one) =>
          one.Group
            ? ['launchPermission', image, 'group', one.Group]
            : ['launchPermission', image, 'userId', one.UserId],
        ),
        ...(it.Description ? [['description', image, null, it.Description.Value]] : []),
        ...(it.KernelId ? [['kernel', image, null, it.KernelId.Value]] : []),
        ...(it.RamdiskId ? [['ramdisk', image, null, it.RamdiskId.Value]] : []),
      ]),
  }),
  command({
    name: 'reset-image-attribute',
    summary: 'Reset an attribute of an image to its default value',
    params: {
      image: word('IMAGE', 'ID of the image whose attribute should be reset (required)'),
      launchPermission: toggle('-l, --launch-permission', 'reset launch permissions'),
    },
    oneOf: ['launchPermission'],
    operation: 'ResetImageAttribute',
    request: ({ image }) => ({ ImageId: image, Attribute: 'launchPermission' as const }),
    render: (_, { image }) => [['launchPermission', image, 'RESET']],
  }),
]

interface Source {
  readonly manifests: readonly string[]
  readonly root: string | undefined
  readonly snapshot: string | undefined
  readonly mappings: readonly BlockDeviceMapping[]
}

/** A manifest, or a snapshot for the root device: by `-s`, or by a mapping. */
function sourceOf({ manifests: [manifest, ...more], root, snapshot, mappings }: Source) {
  if (more.length > 0) throw new UsageError('only one manifest can be registered')
  if (manifest !== undefined) {
    if (root !== undefined) throw new UsageError('argument --root-device-name: not allowed with argument MANIFEST')
    if (snapshot !== undefined) throw new UsageError('argument --snapshot: not allowed with argument MANIFEST')
    return { ImageLocation: manifest, ...(mappings.length > 0 && { BlockDeviceMappings: [...mappings] }) }
  }
  const RootDeviceName = root ?? '/dev/sda1'
  const mapped = mappings.find((it) => it.DeviceName === RootDeviceName)
  if (mapped && snapshot !== undefined && mapped.Ebs?.SnapshotId !== snapshot)
    throw new UsageError(
      `snapshot ID supplied with --snapshot conflicts with block device mapping for root device ${RootDeviceName}`,
    )
  if (!mapped && snapshot === undefined)
    throw new UsageError('either a manifest location or a root device snapshot mapping must be specified')
  const added = mapped ? [] : [{ DeviceName: RootDeviceName, Ebs: { SnapshotId: snapshot } }]
  return { RootDeviceName, BlockDeviceMappings: [...mappings, ...added] }
}

const permission = (entity: string) => (entity === 'all' ? { Group: 'all' as const } : { UserId: entity })

function lines(image: string, verb: string, entities: readonly string[]) {
  return entities.map((it) => ['launchPermission', image, verb, it === 'all' ? 'Group' : 'UserId', it])
}

interface Asked {
  readonly launchPermission: boolean
  readonly description: boolean
  readonly kernel: boolean
  readonly ramdisk: boolean
}

function attributeOf(it: Asked): 'launchPermission' | 'description' | 'kernel' | 'ramdisk' | 'blockDeviceMapping' {
  if (it.launchPermission) return 'launchPermission'
  if (it.description) return 'description'
  if (it.kernel) return 'kernel'
  return it.ramdisk ? 'ramdisk' : 'blockDeviceMapping'
}
