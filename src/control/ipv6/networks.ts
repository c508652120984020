/** Arithmetic of IPv6 networks, and which of them VPCs and subnets may have. Pure. */
import ipaddr from 'ipaddr.js'
import { formatSix, parseSix } from '../../base/ipv6.ts'
import { refuse } from '../../model/errors.ts'

/** Source: VPC User Guide, "VPC CIDR blocks" (IPv6 blocks that Amazon gives) and "Subnet sizing for IPv6". */
export const vpcPrefix = 56
export const subnetPrefix = 64

/** Whether every address of `inner`, a network or an address, is one of `outer`. */
export function contains6(outer: string, inner: string): boolean {
  const [a, b] = [parseSix(outer), parseSix(inner)]
  return a.length <= b.length && b.first >> BigInt(128 - a.length) === a.first >> BigInt(128 - a.length)
}

/** How many networks of `prefix` there are in `network`. */
export function countIn(network: string, prefix: number): number {
  return 2 ** (prefix - parseSix(network).length)
}

/** The `index`th network of length `prefix` within `network`. */
export function networkIn(network: string, prefix: number, index: number): string {
  return `${formatSix(parseSix(network).first + (BigInt(index) << BigInt(128 - prefix)))}/${prefix}`
}

/** The address of the host with this number. */
export function addressIn(network: string, number: bigint): string {
  return formatSix(parseSix(network).first + number)
}

/** The router's. Source: VPC User Guide, "Subnet sizing for IPv6". */
export function gateway6Of(network: string): string {
  return addressIn(network, 1n)
}

/** The address as RFC 5952 writes it, if EC2 gives it to interfaces of that subnet: it keeps the first four and the last. */
export function readAddress6(text: string, subnet: string): string {
  if (!ipaddr.IPv6.isValid(text) || text.includes('%'))
    return refuse('InvalidParameterValue', { message: `Invalid IPv6 address: ${text}` })
  const address = ipaddr.IPv6.parse(text).toRFC5952String()
  if (!contains6(subnet, address))
    refuse('InvalidParameterValue', { message: `Address ${address} does not fall within the subnet's address range` })
  const host = parseSix(address).first - parseSix(subnet).first
  if (host < 4n || host === (1n << 64n) - 1n)
    refuse('InvalidParameterValue', { message: `Address ${address} is in subnet's reserved address range` })
  return address
}

/** The network, with the bits of the host cleared. Refuses what is none, and another length. */
export function readNetwork6(text: string, prefix: number, parameter = 'ipv6CidrBlock'): string {
  try {
    const { first, length } = parseSix(text)
    if (/^[0-9a-fA-F:.]+\/\d+$/.test(text) && length === prefix) return `${formatSix(first)}/${length}`
  } catch {
    // Not a network at all: refused with those of another length.
  }
  return refuse('InvalidParameterValue', {
    message: `Value (${text}) for parameter ${parameter} is invalid. This is not a valid IPv6 CIDR block of length ${prefix}.`,
  })
}
