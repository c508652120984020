/** The network interface of a launch. */
import type { InstanceNetworkInterfaceSpecification, RunInstancesRequest } from '@aws-sdk/client-ec2'
import { isAddress } from '../../control/vpcs/addresses.ts'
import { refuse } from '../../model/errors.ts'

export interface LaunchNetwork {
  readonly subnet?: string
  readonly groupIds: readonly string[]
  readonly groupNames: readonly string[]
  readonly publicAddress?: boolean
  readonly privateAddress?: string
  readonly description: string
}

/** The one interface, described by the request itself or by its first NetworkInterface: never by both. */
export function launchNetwork(input: RunInstancesRequest, max: number): LaunchNetwork {
  const [first, ...more] = input.NetworkInterfaces ?? []
  if (more.length > 0) unsupported('Instances have one network interface at launch.')
  if (first) checkInterface(input, first)
  const subnet = first ? first.SubnetId : input.SubnetId
  const privateAddress = first ? addressOf(first) : input.PrivateIpAddress
  if (privateAddress) checkAddress(privateAddress, max)
  return {
    ...(subnet && { subnet }),
    groupIds: (first ? first.Groups : input.SecurityGroupIds) ?? [],
    groupNames: first ? [] : (input.SecurityGroups ?? []),
    ...(first?.AssociatePublicIpAddress !== undefined && { publicAddress: first.AssociatePublicIpAddress }),
    ...(privateAddress && { privateAddress }),
    description: first?.Description ?? '',
  }
}

/** What one interface of ours cannot be, and what the request may not say twice. */
function checkInterface(input: RunInstancesRequest, nic: InstanceNetworkInterfaceSpecification): void {
  if (input.SubnetId || input.SecurityGroupIds?.length || input.SecurityGroups?.length || input.PrivateIpAddress) {
    refuse('InvalidParameterCombination', {
      message:
        'Network interfaces and an instance-level subnet ID or security groups may not be specified on the same request',
    })
  }
  if (nic.NetworkInterfaceId) unsupported('Existing network interfaces cannot be used at launch.')
  if ((nic.DeviceIndex ?? 0) !== 0) {
    refuse('InvalidParameterValue', { message: 'The device index of the first network interface must be 0.' })
  }
  if (nic.DeleteOnTermination === false) unsupported('Network interfaces end with their instance.')
  if (nic.InterfaceType && nic.InterfaceType !== 'interface')
    unsupported(`The interface type ${nic.InterfaceType} is not served by this cloud.`)
  const more = moreThanOneAddress.find((name) => isMore(nic[name]))
  if (more) unsupported(`The parameter ${more} is not served by this cloud.`)
}

const moreThanOneAddress = [
  'SecondaryPrivateIpAddressCount',
  'Ipv4PrefixCount',
  'Ipv4Prefixes',
  'Ipv6AddressCount',
  'Ipv6Addresses',
  'Ipv6PrefixCount',
  'Ipv6Prefixes',
  'NetworkCardIndex',
  'AssociateCarrierIpAddress',
] as const satisfies readonly (keyof InstanceNetworkInterfaceSpecification)[]

function isMore(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : value !== undefined && value !== 0 && value !== false
}

/** Its address may also come as the only one of a list. */
function addressOf({
  PrivateIpAddress,
  PrivateIpAddresses = [],
}: InstanceNetworkInterfaceSpecification): string | undefined {
  const [only, ...more] = PrivateIpAddresses
  if (more.length > 0) unsupported('Interfaces have one private address.')
  return PrivateIpAddress ?? only?.PrivateIpAddress
}

function checkAddress(address: string, max: number): void {
  if (!isAddress(address)) refuse('InvalidParameterValue', { message: `Invalid IPv4 address: ${address}` })
  if (max > 1) {
    refuse('InvalidParameterCombination', { message: 'A private IP address can be given to a single instance only.' })
  }
}

function unsupported(message: string): never {
  return refuse('UnsupportedOperation', { message })
}
