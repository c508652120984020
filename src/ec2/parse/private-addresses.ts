/** Addresses of an interface, private ones and those of IPv6, as requests have them: one by itself, a list, a number of more. */
import { checkAddress } from '../../control/addresses/find.ts'
import type { WantedAddresses } from '../../control/interfaces/make.ts'
import { refuse } from '../../model/errors.ts'
import { wantedAddresses6 } from './ipv6-addresses.ts'

interface Given {
  readonly PrivateIpAddress?: string | undefined
  readonly PrivateIpAddresses?:
    | readonly { readonly Primary?: boolean | undefined; readonly PrivateIpAddress?: string | undefined }[]
    | undefined
  readonly SecondaryPrivateIpAddressCount?: number | undefined
  readonly Ipv6AddressCount?: number | undefined
  readonly Ipv6Addresses?: Parameters<typeof wantedAddresses6>[0]['Ipv6Addresses']
}

/**
 * Of a list, the one that says so is the primary one; an only one that does not say otherwise is, too.
 * Refuses what is no address, two primary ones, and a number beside named ones. Source: EC2 API Reference,
 * CreateNetworkInterface. Guess: the texts.
 */
export function wantedAddresses(given: Given): WantedAddresses {
  const list = (given.PrivateIpAddresses ?? []).map((it) => ({ ...it, address: it.PrivateIpAddress ?? '' }))
  const first = list.length === 1 && list[0]!.Primary === undefined ? list : list.filter((it) => it.Primary === true)
  const primaries = [...(given.PrivateIpAddress ? [given.PrivateIpAddress] : []), ...first.map((it) => it.address)]
  const secondary = list.filter((it) => !first.includes(it)).map((it) => it.address)
  for (const it of [...primaries, ...secondary]) checkAddress('privateIpAddress', it)
  if (new Set(primaries).size > 1)
    refuse('InvalidParameterCombination', { message: 'Only one primary private IP address can be specified' })
  const more = given.SecondaryPrivateIpAddressCount ?? 0
  if (more > 0 && secondary.length > 0)
    refuse('InvalidParameterCombination', {
      message: 'You may specify secondaryPrivateIpAddressCount or secondary private IP addresses, but not both',
    })
  if (more < 0)
    refuse('InvalidParameterValue', {
      message: `Value (${more}) for parameter secondaryPrivateIpAddressCount is invalid.`,
    })
  const six = wantedAddresses6(given)
  return { ...(primaries[0] && { primary: primaries[0] }), secondary, more, ...(six && { six }) }
}
