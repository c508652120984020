import { findInterface } from '../../../control/interfaces/find.ts'
import { assign6 } from '../../../control/ipv6/addresses.ts'
import { refuse } from '../../../model/errors.ts'
import { action } from '../../action.ts'
import { wantedAddresses6 } from '../../parse/ipv6-addresses.ts'
import { refuseParameters } from '../../parse/not-served.ts'

/**
 * Gives a network interface more addresses of IPv6, of its subnet's block: those named, or a number of free ones.
 * Refuses: InvalidNetworkInterfaceID.NotFound, InvalidIPAddress.InUse, PrivateIpAddressLimitExceeded, InvalidParameterValue,
 * InvalidParameterCombination, MissingParameter, UnsupportedOperation (prefixes).
 * Source: EC2 API Reference, AssignIpv6Addresses.
 */
export const AssignIpv6Addresses = action('AssignIpv6Addresses', {
  async run(input, { tx, caller, random }) {
    refuseParameters(input, ['Ipv6Prefixes', 'Ipv6PrefixCount'])
    const wanted = wantedAddresses6(input)
    if (!wanted || wanted.named.length + wanted.more === 0)
      return refuse('MissingParameter', { message: 'Either ipv6AddressCount or ipv6Addresses must be specified' })
    const nic = await findInterface(tx, caller.account, input.NetworkInterfaceId ?? '')
    return { NetworkInterfaceId: nic.id, AssignedIpv6Addresses: await assign6(tx, nic, wanted, random) }
  },
})
