import type { DescribeInstanceAttributeCommandOutput, ModifyInstanceAttributeCommandInput } from '@aws-sdk/client-ec2'
import { parseDeletion } from '../block-devices.ts'
import { command, type Files } from '../command.ts'
import type { Field, Line } from '../lines.ts'
import { type Options, toggle, UsageError, value, values, word } from '../params.ts'

type Answer = Omit<DescribeInstanceAttributeCommandOutput, '$metadata'>

/** What is printed of each attribute that is one value. */
const simple = {
  disableApiTermination: (it) => it.DisableApiTermination?.Value,
  ebsOptimized: (it) => it.EbsOptimized?.Value,
  groupSet: (it) => it.Groups?.map(({ GroupId }) => GroupId).join(', '),
  productCodes: (it) => it.ProductCodes?.map(({ ProductCodeId }) => ProductCodeId).join(', '),
  instanceInitiatedShutdownBehavior: (it) => it.InstanceInitiatedShutdownBehavior?.Value,
  instanceType: (it) => it.InstanceType?.Value,
  kernel: (it) => it.KernelId?.Value,
  ramdisk: (it) => it.RamdiskId?.Value,
  rootDeviceName: (it) => it.RootDeviceName?.Value,
  sourceDestCheck: (it) => it.SourceDestCheck?.Value,
  sriovNetSupport: (it) => it.SriovNetSupport?.Value,
} as const satisfies Record<string, (it: Answer) => Field>

/** By EC2's names of the attributes. */
const attributeFlags = {
  blockDeviceMapping: toggle('-b, --block-device-mapping', 'show block device mappings'),
  disableApiTermination: toggle('--disable-api-termination', 'show whether termination is disabled'),
  ebsOptimized: toggle('--ebs-optimized', 'show whether the root volume is optimized for EBS I/O'),
  groupSet: toggle('-g, --group-id', 'show the security groups the instance belongs to'),
  productCodes: toggle('-p, --product-code', 'show any associated product codes'),
  instanceInitiatedShutdownBehavior: toggle(
    '--instance-initiated-shutdown-behavior',
    'show whether the instance stops or terminates when shut down',
  ),
  instanceType: toggle('-t, --instance-type', "show the instance's type"),
  kernel: toggle('--kernel', 'show the ID of the kernel image associated with the instance'),
  ramdisk: toggle('--ramdisk', 'show the ID of the ramdisk image associated with the instance'),
  rootDeviceName: toggle('--root-device-name', "show the name of the instance's root device"),
  sourceDestCheck: toggle('--source-dest-check', '[VPC only] show whether source/destination checking is enabled'),
  sriovNetSupport: toggle('--sriov', 'show whether enhanced networking is enabled'),
  userData: toggle('--user-data', "show the instance's user-data"),
}

type Attribute = keyof typeof attributeFlags
const attributes = Object.keys(attributeFlags) as Attribute[]

const booleans = { choices: ['true', 'false'] }
const changes = {
  mappings: values(
    '-b, --block-device-mapping DEVICE=::(true|false)',
    "change whether a volume is deleted upon the instance's termination",
    {
      parse: parseDeletion,
    },
  ),
  protect: value('--disable-api-termination BOOL', 'change whether or not the instance may be terminated', booleans),
  ebsOptimized: value(
    '--ebs-optimized BOOL',
    'change whether or not the instance should be optimized for EBS I/O',
    booleans,
  ),
  groups: values('-g, --group-id GROUP', '[VPC only] change the security group(s) the instance is in'),
  shutdown: value(
    '--instance-initiated-shutdown-behavior BEHAVIOR',
    'whether to stop or terminate the instance when it shuts down',
    {
      choices: ['stop', 'terminate'],
    },
  ),
  type: value('-t, --instance-type INSTANCETYPE', "change the instance's type"),
  kernel: value('--kernel IMAGE', "change the instance's kernel image"),
  ramdisk: value('--ramdisk IMAGE', "change the instance's ramdisk image"),
  sourceDestCheck: value(
    '--source-dest-check BOOL',
    'change whether source/destination address checking is enabled',
    booleans,
  ),
  sriov: value('--sriov SUPPORT', 'enable enhanced networking for the instance and its descendants', {
    choices: ['simple'],
  }),
  userData: value('--user-data DATA', "change the instance's user data (must be base64-encoded)", {
    parse: fromBase64,
  }),
  userDataFile: value('--user-data-file FILE', "change the instance's user data to the contents of a file"),
}

export const instanceAttributeCommands = [
  command({
    name: 'describe-instance-attribute',
    summary: "Show one of an instance's attributes. Note that exactly one attribute may be shown at a time.",
    params: { instance: word('INSTANCE', 'ID of the instance to show info for (required)'), ...attributeFlags },
    oneOf: attributes,
    operation: 'DescribeInstanceAttribute',
    request: (options) => ({ InstanceId: options.instance, Attribute: asked(options) }),
    render: (outputs, options) => outputs.flatMap((it) => attributeLines(asked(options), it)),
  }),
  command({
    name: 'modify-instance-attribute',
    summary: 'Modify an attribute of an instance',
    params: { instance: word('INSTANCE', 'ID of the instance to modify (required)'), ...changes },
    oneOf: Object.keys(changes) as (keyof typeof changes)[],
    operation: 'ModifyInstanceAttribute',
    request: async ({ instance, ...change }, files) => ({ InstanceId: instance, ...(await changed(change, files)) }),
    render: () => [],
  }),
]

function asked(options: Readonly<Record<Attribute, boolean>>): Attribute {
  return attributes.find((it) => options[it])! // the parser refuses a command line without one
}

function attributeLines(attribute: Attribute, it: Answer): Line[] {
  if (attribute === 'blockDeviceMapping') {
    return (it.BlockDeviceMappings ?? []).map(({ DeviceName, Ebs }) => [
      'BLOCKDEVICE',
      DeviceName,
      Ebs?.VolumeId,
      Ebs?.AttachTime,
      Ebs?.DeleteOnTermination,
    ])
  }
  if (attribute === 'userData') {
    const text = Buffer.from(it.UserData?.Value ?? '', 'base64').toString()
    return text === '' ? [['userData', it.InstanceId, undefined]] : [['userData', it.InstanceId], text]
  }
  return [[attribute, it.InstanceId, simple[attribute](it)]]
}

async function changed(
  it: Options<typeof changes>,
  files: Files,
): Promise<Partial<ModifyInstanceAttributeCommandInput>> {
  const userData = it.userDataFile === undefined ? it.userData : await files.read(it.userDataFile)
  return {
    ...(it.mappings.length > 0 && { BlockDeviceMappings: it.mappings }),
    ...(it.protect !== undefined && { DisableApiTermination: { Value: it.protect === 'true' } }),
    ...(it.ebsOptimized !== undefined && { EbsOptimized: { Value: it.ebsOptimized === 'true' } }),
    ...(it.groups.length > 0 && { Groups: it.groups }),
    ...(it.shutdown !== undefined && { InstanceInitiatedShutdownBehavior: { Value: it.shutdown } }),
    ...(it.type !== undefined && { InstanceType: { Value: it.type } }),
    ...(it.kernel !== undefined && { Kernel: { Value: it.kernel } }),
    ...(it.ramdisk !== undefined && { Ramdisk: { Value: it.ramdisk } }),
    ...(it.sourceDestCheck !== undefined && { SourceDestCheck: { Value: it.sourceDestCheck === 'true' } }),
    ...(it.sriov !== undefined && { SriovNetSupport: { Value: it.sriov } }),
    ...(userData && { UserData: { Value: userData } }),
  }
}

function fromBase64(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64')
  if (bytes.toString('base64').replaceAll('=', '') !== text.replaceAll(/[=\s]/g, ''))
    throw new UsageError('user data must be base64-encoded')
  return bytes
}
