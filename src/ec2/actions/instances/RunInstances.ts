import type { RunInstancesRequest } from '@aws-sdk/client-ec2'
import { findImage } from '../../../control/images/find.ts'
import { listInstances } from '../../../control/instances/find.ts'
import { type LaunchRequest, launch } from '../../../control/instances/launch.ts'
import { findKeyPair } from '../../../control/key-pairs/find.ts'
import { findGroups } from '../../../control/security-groups/groups.ts'
import { inBlock } from '../../../control/vpcs/addresses.ts'
import { findLaunchSubnets } from '../../../control/vpcs/find.ts'
import { refuse } from '../../../model/errors.ts'
import type { GroupId, InstanceId } from '../../../model/ids.ts'
import { instanceType } from '../../../model/instance-types.ts'
import type { SubnetRow } from '../../../store/tables/resources.ts'
import { action, type Context } from '../../action.ts'
import { fullInstances } from '../../full-instances.ts'
import { newMetadataOptions } from '../../parse/metadata-options.ts'
import { shutdownBehavior } from '../../parse/shutdown-behavior.ts'
import { parseUserData } from '../../parse/user-data.ts'
import { renderReservation } from '../../render/instance.ts'

/** Source: EC2 User Guide, default type of RunInstances: m1.small. */
const defaultType = 'm1.small'
/** As many as one request may ask for. Guess: EC2 answers by quota; a typing error should not fill a rack. */
const mostAtOnce = 1000

/**
 * Makes a reservation of `MinCount` to `MaxCount` instances, all in one zone, and begins to start them. Answers at once,
 * with the instances `pending`.
 * Refuses: InvalidAMIID.*, InvalidKeyPair.NotFound, InvalidGroup.NotFound, InvalidSubnetID.NotFound, InvalidParameterValue,
 * InvalidParameterCombination, InsufficientInstanceCapacity, InsufficientFreeAddressesInSubnet, UnsupportedOperation.
 * Source: EC2 API Reference, RunInstances.
 */
export const RunInstances = action('RunInstances', {
  creates: ['instance', 'network-interface'],
  async run(input, context) {
    refuseWhatIsNotServed(input)
    const reservation = await launch(context, await readRequest(input, context))
    const rows = await context.tx.db
      .selectFrom('instances')
      .selectAll()
      .where('reservationId', '=', reservation)
      .execute()
    for (const { id } of rows) await context.tag('instance', id)
    const interfaces = await context.tx.db
      .selectFrom('interfaces')
      .select('id')
      .where(
        'instanceId',
        'in',
        rows.map((row) => row.id),
      )
      .execute()
    for (const { id } of interfaces) await context.tag('network-interface', id)
    return renderReservation(context.cloud, await fullInstances(context.tx, rows))
  },
  async replay(output, { tx, caller }) {
    const ids = (output.Instances ?? []).map((it) => it.InstanceId as InstanceId)
    const rows = (await listInstances(tx, caller.account)).filter((row) => ids.includes(row.id))
    if (rows.every((row) => row.state === 'terminated')) refuse('IdempotentInstanceTerminated', { ids: ids.join(', ') })
    return output
  },
})

async function readRequest(input: RunInstancesRequest, context: Context): Promise<LaunchRequest> {
  const { tx, caller } = context
  const { min, max } = counts(input)
  const type = instanceType(input.InstanceType ?? defaultType)
  if (!type) refuse('InvalidParameterValue', { message: `Invalid value '${input.InstanceType}' for InstanceType.` })
  if (!input.ImageId) refuse('MissingParameter', { parameter: 'ImageId' })
  const image = await findImage(tx, caller.account, input.ImageId)
  if (image.state !== 'available') refuse('InvalidAMIID.Unavailable', { id: image.id })
  const network = readNetwork(input, max)
  const subnets = await findLaunchSubnets(tx, caller.account, context.cloud, {
    ...(network.subnet !== undefined && { subnet: network.subnet }),
    ...(input.Placement?.AvailabilityZone !== undefined && { zone: input.Placement.AvailabilityZone }),
  })
  const key = input.KeyName ? await findKeyPair(tx, caller.account, input.KeyName) : undefined
  const userData = parseUserData(input.UserData)
  return {
    account: caller.account,
    image,
    type,
    min,
    max,
    ...(key && { key }),
    subnets: network.privateAddress ? await onlyWithAddress(context, subnets, network.privateAddress) : subnets,
    groups: await readGroups(context, network, subnets[0]!.vpcId), // findLaunchSubnets refuses when there is none
    ...(network.publicAddress !== undefined && { publicAddress: network.publicAddress }),
    ...(network.privateAddress !== undefined && { privateAddress: network.privateAddress }),
    ...(userData !== undefined && { userData }),
    ...(input.ClientToken !== undefined && { clientToken: input.ClientToken }),
    shutdownBehavior: shutdownBehavior(input.InstanceInitiatedShutdownBehavior),
    apiTerminationDisabled: input.DisableApiTermination ?? false,
    apiStopDisabled: input.DisableApiStop ?? false,
    monitoring: input.Monitoring?.Enabled ?? false,
    ebsOptimized: input.EbsOptimized ?? false,
    metadata: newMetadataOptions(input.MetadataOptions),
    tenancy: input.Placement?.Tenancy ?? 'default',
  }
}

function counts({ MinCount, MaxCount }: RunInstancesRequest): { min: number; max: number } {
  const [min, max] = [MinCount ?? 1, MaxCount ?? 1]
  if (min < 1)
    refuse('InvalidParameterValue', {
      message: `Value (${min}) for parameter minCount is invalid. Minimum value is 1.`,
    })
  if (max < 1)
    refuse('InvalidParameterValue', {
      message: `Value (${max}) for parameter maxCount is invalid. Minimum value is 1.`,
    })
  if (min > max)
    refuse('InvalidParameterCombination', { message: `MinCount (${min}) must not be larger than MaxCount (${max}).` })
  if (max > mostAtOnce)
    refuse('InvalidParameterValue', {
      message: `Value (${max}) for parameter maxCount is invalid. Maximum value is ${mostAtOnce}.`,
    })
  return { min, max }
}

interface Network {
  readonly subnet?: string
  readonly groupIds: readonly string[]
  readonly groupNames: readonly string[]
  readonly publicAddress?: boolean
  readonly privateAddress?: string
}

/** The one interface, described by the request itself or by its first NetworkInterface: never by both. */
function readNetwork(input: RunInstancesRequest, max: number): Network {
  const [first, ...more] = input.NetworkInterfaces ?? []
  if (more.length > 0) refuse('UnsupportedOperation', { message: 'Instances have one network interface at launch.' })
  if (first?.NetworkInterfaceId)
    refuse('UnsupportedOperation', { message: 'Existing network interfaces cannot be used at launch.' })
  if (first && (input.SubnetId || input.SecurityGroupIds?.length || input.SecurityGroups?.length)) {
    refuse('InvalidParameterCombination', {
      message:
        'Network interfaces and an instance-level subnet ID or security groups may not be specified on the same request',
    })
  }
  if (first?.DeviceIndex !== undefined && first.DeviceIndex !== 0)
    refuse('InvalidParameterValue', { message: 'The device index of the first network interface must be 0.' })
  const subnet = first ? first.SubnetId : input.SubnetId
  const privateAddress = first?.PrivateIpAddress ?? input.PrivateIpAddress
  if (privateAddress && max > 1)
    refuse('InvalidParameterCombination', { message: 'A private IP address can be given to a single instance only.' })
  return {
    ...(subnet && { subnet }),
    groupIds: first?.Groups ?? input.SecurityGroupIds ?? [],
    groupNames: first ? [] : (input.SecurityGroups ?? []),
    ...(first?.AssociatePublicIpAddress !== undefined && { publicAddress: first.AssociatePublicIpAddress }),
    ...(privateAddress && { privateAddress }),
  }
}

async function readGroups({ tx, caller }: Context, network: Network, vpc: SubnetRow['vpcId']): Promise<GroupId[]> {
  const none = network.groupIds.length === 0 && network.groupNames.length === 0
  const groups = await findGroups(tx, caller.account, vpc, {
    ids: network.groupIds,
    names: none ? ['default'] : network.groupNames,
  })
  return groups.map((it) => it.id)
}

async function onlyWithAddress({ tx }: Context, subnets: readonly SubnetRow[], address: string): Promise<SubnetRow[]> {
  const fitting = subnets.filter((it) => inBlock(it.cidr, address))
  if (fitting.length === 0)
    refuse('InvalidParameterValue', { message: `Address ${address} does not fall within the subnet's address range` })
  const taken = await tx.db
    .selectFrom('interfaces')
    .select('id')
    .where('vpcId', '=', fitting[0]!.vpcId)
    .where('privateAddress', '=', address)
    .executeTakeFirst()
  if (taken) refuse('InvalidIPAddress.InUse', { message: `Address ${address} is in use.` })
  return fitting
}

/** Parameters that would change the machine in ways that this cloud does not have: better refused than ignored. */
const notServed = [
  'KernelId',
  'RamdiskId',
  'BlockDeviceMappings',
  'IamInstanceProfile',
  'LaunchTemplate',
  'InstanceMarketOptions',
  'Ipv6AddressCount',
  'Ipv6Addresses',
  'ElasticGpuSpecification',
  'ElasticInferenceAccelerators',
  'LicenseSpecifications',
  'SecondaryInterfaces',
] as const satisfies readonly (keyof RunInstancesRequest)[]

function refuseWhatIsNotServed(input: RunInstancesRequest): void {
  for (const name of notServed) {
    const value = input[name]
    const given = Array.isArray(value) ? value.length > 0 : value !== undefined && value !== 0
    if (given) refuse('UnsupportedOperation', { message: `The parameter ${name} is not served by this cloud.` })
  }
  if (input.HibernationOptions?.Configured)
    refuse('UnsupportedOperation', { message: 'Hibernation is not served by this cloud.' })
  if (input.EnclaveOptions?.Enabled)
    refuse('UnsupportedOperation', { message: 'Enclaves are not served by this cloud.' })
  if (input.Placement?.GroupName)
    refuse('UnsupportedOperation', { message: 'Placement groups are not served by this cloud.' })
  if (input.Placement?.Tenancy && input.Placement.Tenancy !== 'default')
    refuse('UnsupportedOperation', { message: 'Dedicated tenancy is not served by this cloud.' })
}
