import { findInterface } from '../../../control/interfaces/find.ts'
import { unassign } from '../../../control/interfaces/secondary.ts'
import { refuse } from '../../../model/errors.ts'
import { action } from '../../action.ts'

/**
 * Takes secondary private addresses from a network interface. Elastic addresses that led to them lead nowhere.
 * Refuses: InvalidNetworkInterfaceID.NotFound, InvalidParameterValue, MissingParameter, UnsupportedOperation (prefixes).
 * Source: EC2 API Reference, UnassignPrivateIpAddresses.
 */
export const UnassignPrivateIpAddresses = action('UnassignPrivateIpAddresses', {
  async run({ NetworkInterfaceId, PrivateIpAddresses = [], Ipv4Prefixes = [] }, { tx, caller }) {
    if (Ipv4Prefixes.length > 0) refuse('UnsupportedOperation', { message: 'Prefixes are not served by this cloud.' })
    if (PrivateIpAddresses.length === 0) refuse('MissingParameter', { parameter: 'privateIpAddress' })
    await unassign(tx, await findInterface(tx, caller.account, NetworkInterfaceId), PrivateIpAddresses)
    return {}
  },
})
