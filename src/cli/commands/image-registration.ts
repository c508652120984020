/** Images registered, shared and taken back. Source: euca2ools 3.4, the commands of these names. */
import { command } from '../command.ts'
import { toggle, UsageError, value, values, word } from '../params.ts'

export const imageRegistrationCommands = [
  command({
    name: 'register',
    summary: 'Register a new image',
    params: {
      manifest: word('MANIFEST', "location of the image's manifest in the object store: BUCKET/KEY"),
      name: value('-n, --name NAME', 'name of the new image'),
      description: value('-d, --description DESC', 'description of the new image'),
      architecture: value('-a, --architecture ARCH', 'CPU architecture of the new image', {
        choices: ['i386', 'x86_64', 'armhf'],
      }),
      kernel: value('--kernel KERNEL', 'ID of the kernel to associate with the new image'),
      ramdisk: value('--ramdisk RAMDISK', 'ID of the RAM disk to associate with the new image'),
      virtualization: value('--virtualization-type TYPE', 'virtualization type of the new image', {
        choices: ['paravirtual', 'hvm'],
      }),
    },
    operation: 'RegisterImage',
    request: (it) => ({
      ...{ ImageLocation: it.manifest, Name: it.name, Description: it.description },
      ...{ KernelId: it.kernel, RamdiskId: it.ramdisk, VirtualizationType: it.virtualization },
      Architecture: it.architecture as 'x86_64' | undefined, // the server says which it can run
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
