/** How requests ask for a block of IPv6 for a VPC: one that Amazon gives. */
import { refuse } from '../../model/errors.ts'
import { refuseParameters } from './not-served.ts'

interface Asked {
  readonly AmazonProvidedIpv6CidrBlock?: boolean | undefined
  readonly Ipv6CidrBlockNetworkBorderGroup?: string | undefined
  readonly Ipv6Pool?: string | undefined
  readonly Ipv6CidrBlock?: string | undefined
  readonly Ipv6IpamPoolId?: string | undefined
  readonly Ipv6NetmaskLength?: number | undefined
}

/** Refuses pools of one's own, and other border groups than the region's. Source: EC2 API Reference, CreateVpc. Guess: the text. */
export function asksForBlock6(input: Asked, region: string): boolean {
  refuseParameters(input, ['Ipv6Pool', 'Ipv6CidrBlock', 'Ipv6IpamPoolId', 'Ipv6NetmaskLength'])
  const group = input.Ipv6CidrBlockNetworkBorderGroup
  if (group && group !== region)
    refuse('InvalidParameterValue', {
      message: `Value (${group}) for parameter ipv6CidrBlockNetworkBorderGroup is invalid.`,
    })
  if (group && !input.AmazonProvidedIpv6CidrBlock)
    refuse('InvalidParameterCombination', {
      message: 'A network border group can be specified for an IPv6 CIDR block that Amazon provides only.',
    })
  return input.AmazonProvidedIpv6CidrBlock === true
}
