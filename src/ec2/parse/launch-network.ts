/** The network interfaces of a launch. */
import type { InstanceNetworkInterfaceSpecification, RunInstancesRequest } from '@aws-sdk/client-ec2'
import type { WantedAddresses } from '../../control/interfaces/make.ts'
import { refuse } from '../../model/errors.ts'
import { wantedAddresses } from './private-addresses.ts'

export interface LaunchNic {
  readonly deviceIndex: number
  /** One that is there already, by its id; then nothing else is said of it but what becomes of it in the end. */
  readonly existing?: string
  readonly subnet?: string
  readonly groupIds: readonly string[]
  readonly groupNames: readonly string[]
  readonly addresses: WantedAddresses
  readonly description: string
  readonly deleteOnTermination: boolean
}

export interface LaunchNetwork {
  readonly primary: LaunchNic
  readonly others: readonly LaunchNic[]
  /** Overrides what the subnet does. */
  readonly publicAddress?: boolean
}

/** Interfaces described by the request itself or by its NetworkInterfaces: never by both. */
export function launchNetwork(input: RunInstancesRequest, max: number): LaunchNetwork {
  const given = input.NetworkInterfaces ?? []
  if (given.length > 0) refuseBoth(input)
  const nics = given.length > 0 ? given.map((it) => readNic(it, given.length)) : [fromRequest(input)]
  if (max > 1 && nics.some(isForOne))
    refuse('InvalidParameterCombination', {
      message: 'A private IP address can be given to a single instance only, and so can an existing network interface.',
    })
  const primary = nics.find((it) => it.deviceIndex === 0)
  if (!primary)
    return refuse('InvalidParameterValue', { message: 'The device index of the first network interface must be 0.' })
  const others = nics.filter((it) => it !== primary)
  const indices = new Set(nics.map((it) => it.deviceIndex))
  if (indices.size < nics.length)
    refuse('InvalidParameterValue', { message: 'Each network interface requires a device index of its own.' })
  const publicAddress = publicAddressOf(given)
  return { primary, others, ...(publicAddress !== undefined && { publicAddress }) }
}

function fromRequest(input: RunInstancesRequest): LaunchNic {
  return {
    deviceIndex: 0,
    ...(input.SubnetId && { subnet: input.SubnetId }),
    groupIds: input.SecurityGroupIds ?? [],
    groupNames: input.SecurityGroups ?? [],
    addresses: wantedAddresses(given(input)),
    description: '',
    deleteOnTermination: true,
  }
}

function given({ PrivateIpAddress, Ipv6AddressCount, Ipv6Addresses }: RunInstancesRequest) {
  return { PrivateIpAddress, Ipv6AddressCount, Ipv6Addresses }
}

/** Source: EC2 API Reference, "InstanceNetworkInterfaceSpecification": one that was there before outlives the instance. */
function readNic(nic: InstanceNetworkInterfaceSpecification, count: number): LaunchNic {
  if (nic.InterfaceType && nic.InterfaceType !== 'interface')
    unsupported(`The interface type ${nic.InterfaceType} is not served by this cloud.`)
  const more = notServed.find((name) => isMore(nic[name]))
  if (more) unsupported(`The parameter ${more} is not served by this cloud.`)
  if (nic.DeviceIndex === undefined && count > 1) refuse('MissingParameter', { parameter: 'DeviceIndex' })
  if (nic.NetworkInterfaceId) refuseOther(nic)
  return {
    deviceIndex: nic.DeviceIndex ?? 0,
    ...(nic.NetworkInterfaceId && { existing: nic.NetworkInterfaceId }),
    ...(nic.SubnetId && { subnet: nic.SubnetId }),
    groupIds: nic.Groups ?? [],
    groupNames: [],
    addresses: wantedAddresses(nic),
    description: nic.Description ?? '',
    deleteOnTermination: nic.DeleteOnTermination ?? !nic.NetworkInterfaceId,
  }
}

/** Source: errors of EC2 quoted in public. */
function refuseBoth(input: RunInstancesRequest): void {
  const { Ipv6AddressCount: count, Ipv6Addresses: sixes } = input
  const named = input.SubnetId || input.SecurityGroupIds?.length || input.SecurityGroups?.length
  if (named || input.PrivateIpAddress || count !== undefined || sixes?.length) {
    refuse('InvalidParameterCombination', {
      message:
        'Network interfaces and an instance-level subnet ID or security groups may not be specified on the same request',
    })
  }
}

/** Guess: the text. Source: EC2 API Reference, that an interface by id is described by nothing else. */
function refuseOther(nic: InstanceNetworkInterfaceSpecification): void {
  const other = ofNewOnes.find((name) => isMore(nic[name]))
  if (other)
    refuse('InvalidParameterCombination', {
      message: `A network interface may not specify both a network interface ID and ${other}`,
    })
}

const ofNewOnes = [
  'SubnetId',
  'Groups',
  'Description',
  'PrivateIpAddress',
  'PrivateIpAddresses',
  'SecondaryPrivateIpAddressCount',
  'Ipv6AddressCount',
  'Ipv6Addresses',
] as const satisfies readonly (keyof InstanceNetworkInterfaceSpecification)[]

const notServed = [
  'Ipv4PrefixCount',
  'Ipv4Prefixes',
  'Ipv6PrefixCount',
  'Ipv6Prefixes',
  'PrimaryIpv6',
  'NetworkCardIndex',
  'AssociateCarrierIpAddress',
] as const satisfies readonly (keyof InstanceNetworkInterfaceSpecification)[]

function isMore(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : value !== undefined && value !== 0 && value !== false && value !== ''
}

function isForOne({ existing, addresses }: LaunchNic): boolean {
  const named = [...addresses.secondary, ...(addresses.six?.named ?? [])]
  return existing !== undefined || addresses.primary !== undefined || named.length > 0
}

/**
 * A new single interface gets what its subnet gives, or what is asked for; several get none.
 * Source: EC2 User Guide, "Assign a public IPv4 address at launch"; errors of EC2 quoted in public.
 */
function publicAddressOf(nics: readonly InstanceNetworkInterfaceSpecification[]): boolean | undefined {
  const asked = nics.find((it) => it.AssociatePublicIpAddress !== undefined)?.AssociatePublicIpAddress
  const existing = nics.some((it) => it.NetworkInterfaceId)
  if (asked === true && (nics.length > 1 || existing))
    refuse('InvalidParameterCombination', {
      message:
        'The associatePublicIPAddress parameter cannot be specified when launching with multiple network interfaces, or with a network interface ID.',
    })
  return nics.length > 1 || existing ? false : asked
}

function unsupported(message: string): never {
  return refuse('UnsupportedOperation', { message })
}
