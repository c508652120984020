/** Addresses of IPv6 of an interface, as requests have them: a list or a number. */
import type { WantedAddresses6 } from '../../control/ipv6/addresses.ts'
import { refuse } from '../../model/errors.ts'

interface Given {
  readonly Ipv6AddressCount?: number | undefined
  readonly Ipv6Addresses?:
    | readonly (string | { readonly Ipv6Address?: string | undefined; readonly IsPrimaryIpv6?: boolean | undefined })[]
    | undefined
}

/** Undefined where neither is said: then the subnet decides. A number of 0 is said. Guess: the texts. */
export function wantedAddresses6({
  Ipv6AddressCount: count,
  Ipv6Addresses: list = [],
}: Given): WantedAddresses6 | undefined {
  if (list.some((it) => typeof it !== 'string' && it.IsPrimaryIpv6))
    refuse('UnsupportedOperation', { message: 'Primary IPv6 addresses are not served by this cloud.' })
  if (count !== undefined && list.length > 0)
    refuse('InvalidParameterCombination', {
      message: 'You may specify ipv6AddressCount or ipv6Addresses, but not both',
    })
  if (count !== undefined && (!Number.isInteger(count) || count < 0 || count > mostAtOnce))
    refuse('InvalidParameterValue', { message: `Value (${count}) for parameter ipv6AddressCount is invalid.` })
  if (count === undefined && list.length === 0) return undefined
  return { named: list.map((it) => (typeof it === 'string' ? it : (it.Ipv6Address ?? ''))), more: count ?? 0 }
}

/** More than an interface of any instance has. */
const mostAtOnce = 50
