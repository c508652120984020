import { setSubnetAttribute } from '../../../control/subnets/attributes.ts'
import { findSubnet } from '../../../control/vpcs/find.ts'
import { refuse } from '../../../model/errors.ts'
import { action } from '../../action.ts'
import { refuseParameters } from '../../parse/not-served.ts'

/**
 * Changes whether guests that are launched into a subnet get a public address, or whether interfaces made in it get one of
 * IPv6: one attribute a call.
 * Refuses: InvalidSubnetID.NotFound, InvalidParameterCombination, InvalidParameterValue, UnsupportedOperation.
 * Source: EC2 API Reference, ModifySubnetAttribute. Guess: the texts.
 */
export const ModifySubnetAttribute = action('ModifySubnetAttribute', {
  async run({ SubnetId, MapPublicIpOnLaunch, AssignIpv6AddressOnCreation, ...others }, { tx, caller }) {
    const subnet = await findSubnet(tx, caller.account, SubnetId ?? '')
    const on = Object.fromEntries(
      Object.entries(others).map(([name, it]) => [name, typeof it === 'object' ? it.Value : it]),
    )
    refuseParameters(on, Object.keys(on))
    const given = [MapPublicIpOnLaunch, AssignIpv6AddressOnCreation, ...Object.values(others)].filter((it) => it)
    if (given.length === 0) refuse('InvalidParameterCombination', { message: 'No attributes specified.' })
    if (given.length > 1)
      refuse('InvalidParameterCombination', { message: 'Only one subnet attribute can be modified at a time.' })
    if (MapPublicIpOnLaunch) await setSubnetAttribute(tx, subnet, 'mapsPublic', MapPublicIpOnLaunch.Value ?? false)
    if (AssignIpv6AddressOnCreation)
      await setSubnetAttribute(tx, subnet, 'assignsIpv6', AssignIpv6AddressOnCreation.Value ?? false)
    return {}
  },
})
