import type { InstanceNetworkInterfaceSpecification, Placement, RunInstancesCommandInput } from '@aws-sdk/client-ec2'
import { parseMapping } from '../block-devices.ts'
import { command } from '../command.ts'
import { type Options, toggle, UsageError, value, values, wholeNumber, word } from '../params.ts'
import { reservationLines } from '../records/instance.ts'
import { readUserData } from '../user-data.ts'

const params = {
  image: word('IMAGE', 'ID of the image to instantiate (required)'),
  count: value(
    '-n, --instance-count MIN[-MAX]',
    'number of instances to launch, or a range: the most that can be launched, but no fewer than the minimum',
    {
      parse: parseCount,
    },
  ),
  groups: values('-g, --group GROUP', 'security group(s) in which to launch the instances'),
  key: value('-k, --key, --keypair KEYPAIR', 'name of the key pair to use'),
  userData: value('-d, --user-data DATA', 'user data to make available to the instances'),
  userDataForce: value(
    '--user-data-force DATA',
    'same as -d/--user-data, but without checking if a file by that name exists first',
  ),
  userDataFile: value('-f, --user-data-file FILE', 'file containing user data to make available to the instances'),
  addressing: value('--addressing ADDRESSING', 'use "private" to run an instance with no public address', {
    choices: ['public', 'private'],
  }),
  type: value('-t, --instance-type INSTANCETYPE', 'type of instance to launch'),
  zone: value('-z, --availability-zone ZONE', 'availability zone to launch the instances in'),
  kernel: value('--kernel KERNEL', 'ID of the kernel to launch the instance(s) with'),
  ramdisk: value('--ramdisk RAMDISK', 'ID of the ramdisk to launch the instance(s) with'),
  mappings: values(
    '-b, --block-device-mapping DEVICE=MAPPED',
    'define a block device mapping for the instances, in the form DEVICE=MAPPED, where "MAPPED" is "none", "ephemeral(0-3)", or "[SNAP-ID]:[GiB]:[true|false]:[standard|VOLTYPE[:IOPS]]"',
    { parse: parseMapping },
  ),
  monitor: toggle('-m, --monitor', 'enable detailed monitoring for the instance(s)'),
  protect: toggle('--disable-api-termination', 'prevent API users from terminating the instance(s)'),
  shutdown: value(
    '--instance-initiated-shutdown-behavior BEHAVIOR',
    'whether to "stop" (default) or terminate EBS instances when they shut down',
    {
      choices: ['stop', 'terminate'],
    },
  ),
  placementGroup: value('--placement-group PLGROUP', 'name of a placement group to launch into'),
  tenancy: value('--tenancy TENANCY', '[VPC only] "dedicated" to run on single-tenant hardware', {
    choices: ['default', 'dedicated'],
  }),
  clientToken: value('--client-token TOKEN', 'unique identifier to ensure request idempotency'),
  subnet: value('-s, --subnet SUBNET', "[VPC only] subnet to create the instance's network interface in"),
  publicAddress: toggle(
    '--associate-public-ip-address',
    "[VPC only] assign a public address to the instance's network interface",
  ),
  privateAddress: value(
    '--private-ip-address ADDRESS',
    "[VPC only] assign a specific primary private IP address to an instance's interface",
  ),
  secondaryAddresses: values(
    '--secondary-address, --secondary-private-ip-address ADDRESS',
    '[VPC only] assign a secondary private IP address (may be repeated)',
  ),
  secondaryCount: value(
    '--secondary-count, --secondary-private-ip-address-count COUNT',
    '[VPC only] number of secondary private IP addresses to assign',
    {
      parse: wholeNumber,
    },
  ),
  profile: value(
    '-p, --iam-profile IPROFILE',
    'name or ARN of the IAM instance profile to associate with the new instance(s)',
  ),
  ebsOptimized: toggle('--ebs-optimized', 'optimize the new instance(s) for EBS I/O'),
}

type RunOptions = Options<typeof params>

export const runInstances = command({
  name: 'run-instances',
  summary: 'Launch instances of a machine image',
  params,
  exclusive: [
    ['userData', 'userDataForce', 'userDataFile'],
    ['secondaryAddresses', 'secondaryCount'],
  ],
  operation: 'RunInstances',
  async request(options, files): Promise<RunInstancesCommandInput> {
    const userData = await readUserData(options, files)
    return {
      ...machine(options),
      ...placement(options),
      ...(needsInterface(options) ? { NetworkInterfaces: [networkInterface(options)] } : groups(options)),
      ...(userData && { UserData: userData.toString('base64') }),
    }
  },
  render: (outputs) => outputs.flatMap(reservationLines),
})

function machine(it: RunOptions): RunInstancesCommandInput {
  return {
    ImageId: it.image,
    MinCount: it.count?.min ?? 1,
    MaxCount: it.count?.max ?? 1,
    ...(it.key !== undefined && { KeyName: it.key }),
    // The client's type has the names that Amazon knows.
    ...(it.type !== undefined && { InstanceType: it.type as 'm1.small' }),
    ...(it.kernel !== undefined && { KernelId: it.kernel }),
    ...(it.ramdisk !== undefined && { RamdiskId: it.ramdisk }),
    ...(it.mappings.length > 0 && { BlockDeviceMappings: it.mappings }),
    ...(it.monitor && { Monitoring: { Enabled: true } }),
    ...(it.protect && { DisableApiTermination: true }),
    ...(it.shutdown !== undefined && { InstanceInitiatedShutdownBehavior: it.shutdown as 'stop' }), // a choice of the flag
    ...(it.clientToken !== undefined && { ClientToken: it.clientToken }),
    ...(it.profile !== undefined && {
      IamInstanceProfile: it.profile.startsWith('arn:') ? { Arn: it.profile } : { Name: it.profile },
    }),
    ...(it.ebsOptimized && { EbsOptimized: true }),
  }
}

function placement(it: RunOptions): { Placement?: Placement } {
  const where: Placement = {
    ...(it.zone !== undefined && { AvailabilityZone: it.zone }),
    ...(it.placementGroup !== undefined && { GroupName: it.placementGroup }),
    ...(it.tenancy !== undefined && { Tenancy: it.tenancy as 'default' }), // a choice of the flag
  }
  return Object.keys(where).length > 0 ? { Placement: where } : {}
}

function groups(it: RunOptions): Pick<RunInstancesCommandInput, 'SecurityGroupIds' | 'SecurityGroups'> {
  const ids = it.groups.filter((group) => group.startsWith('sg-'))
  const names = it.groups.filter((group) => !group.startsWith('sg-'))
  return { ...(ids.length > 0 && { SecurityGroupIds: ids }), ...(names.length > 0 && { SecurityGroups: names }) }
}

/** Eucalyptus' `AddressingType` is not in EC2's model: an interface without a public address says the same. */
function needsInterface(it: RunOptions): boolean {
  const addresses =
    it.publicAddress ||
    it.privateAddress !== undefined ||
    it.secondaryAddresses.length > 0 ||
    it.secondaryCount !== undefined
  return it.subnet !== undefined || it.addressing === 'private' || addresses
}

function networkInterface(it: RunOptions): InstanceNetworkInterfaceSpecification {
  if (it.groups.some((group) => !group.startsWith('sg-')))
    throw new UsageError('argument -g/--group: groups must be specified by ID when using VPC')
  const primary = it.privateAddress === undefined ? [] : [{ PrivateIpAddress: it.privateAddress, Primary: true }]
  const addresses = [...primary, ...it.secondaryAddresses.map((address) => ({ PrivateIpAddress: address }))]
  return {
    DeviceIndex: 0,
    ...(it.subnet !== undefined && { SubnetId: it.subnet }),
    ...(it.groups.length > 0 && { Groups: it.groups }),
    ...(it.publicAddress && { AssociatePublicIpAddress: true }),
    ...(it.addressing === 'private' && { AssociatePublicIpAddress: false }),
    ...(addresses.length > 0 && { PrivateIpAddresses: addresses }),
    ...(it.secondaryCount !== undefined && { SecondaryPrivateIpAddressCount: it.secondaryCount }),
  }
}

/** `3` or `2-5`, in either order. */
function parseCount(text: string): { min: number; max: number } {
  const [, first, second] = /^(\d+)(?:-(\d+))?$/.exec(text) ?? []
  if (first === undefined) throw new UsageError('value must have format "1" or "1-2"')
  const counts = [Number(first), Number(second ?? first)]
  if (counts.includes(0)) throw new UsageError('instance count must be positive')
  return { min: Math.min(...counts), max: Math.max(...counts) }
}
