import { checkAddress } from '../../../control/addresses/find.ts'
import { findInterface } from '../../../control/interfaces/find.ts'
import { assign } from '../../../control/interfaces/secondary.ts'
import { refuse } from '../../../model/errors.ts'
import { action } from '../../action.ts'

/**
 * Gives a network interface secondary private addresses: those named, or a number of free ones. Packets for them reach the
 * guest at once, which has to know them itself.
 * Refuses: InvalidNetworkInterfaceID.NotFound, PrivateIpAddressLimitExceeded, InsufficientFreeAddressesInSubnet,
 * InvalidParameterValue, InvalidParameterCombination, MissingParameter, UnsupportedOperation (prefixes).
 * Source: EC2 API Reference, AssignPrivateIpAddresses. Guess: the texts for parameters that do not fit.
 */
export const AssignPrivateIpAddresses = action('AssignPrivateIpAddresses', {
  async run(input, { tx, caller, random }) {
    const { PrivateIpAddresses: addresses = [], SecondaryPrivateIpAddressCount: count = 0 } = input
    if (input.Ipv4Prefixes?.length || input.Ipv4PrefixCount)
      refuse('UnsupportedOperation', { message: 'Prefixes are not served by this cloud.' })
    if (addresses.length > 0 && count > 0)
      refuse('InvalidParameterCombination', {
        message: 'You may specify secondaryPrivateIpAddressCount or private IP addresses, but not both',
      })
    if (addresses.length === 0 && count === 0)
      refuse('MissingParameter', {
        message: 'Either secondaryPrivateIpAddressCount or private IP addresses must be specified',
      })
    if (count < 0)
      refuse('InvalidParameterValue', {
        message: `Value (${count}) for parameter secondaryPrivateIpAddressCount is invalid.`,
      })
    for (const it of addresses) checkAddress('privateIpAddress', it)
    const nic = await findInterface(tx, caller.account, input.NetworkInterfaceId)
    const reassign = input.AllowReassignment ?? false
    const assigned = await assign(tx, nic, { addresses, count, reassign }, random)
    return {
      NetworkInterfaceId: nic.id,
      AssignedPrivateIpAddresses: assigned.map((it) => ({ PrivateIpAddress: it })),
    }
  },
})
