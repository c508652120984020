import { findInterface } from '../../../control/interfaces/find.ts'
import { unassign6 } from '../../../control/ipv6/addresses.ts'
import { refuse } from '../../../model/errors.ts'
import { action } from '../../action.ts'
import { refuseParameters } from '../../parse/not-served.ts'

/**
 * Takes addresses of IPv6 from a network interface.
 * Refuses: InvalidNetworkInterfaceID.NotFound, InvalidParameterValue, MissingParameter, UnsupportedOperation (prefixes).
 * Source: EC2 API Reference, UnassignIpv6Addresses.
 */
export const UnassignIpv6Addresses = action('UnassignIpv6Addresses', {
  async run(input, { tx, caller }) {
    refuseParameters(input, ['Ipv6Prefixes'])
    const { NetworkInterfaceId = '', Ipv6Addresses = [] } = input
    if (Ipv6Addresses.length === 0) refuse('MissingParameter', { parameter: 'ipv6Addresses' })
    const nic = await findInterface(tx, caller.account, NetworkInterfaceId)
    return { NetworkInterfaceId: nic.id, UnassignedIpv6Addresses: await unassign6(tx, nic, Ipv6Addresses) }
  },
})
