import { findSubnet } from '../../../control/vpcs/find.ts'
import { refuse } from '../../../model/errors.ts'
import { action } from '../../action.ts'
import { refuseParameters } from '../../parse/not-served.ts'

/**
 * Changes whether guests that are launched into a subnet get a public address.
 * Refuses: InvalidSubnetID.NotFound, InvalidParameterCombination, UnsupportedOperation.
 * Source: EC2 API Reference, ModifySubnetAttribute.
 */
export const ModifySubnetAttribute = action('ModifySubnetAttribute', {
  async run({ SubnetId, MapPublicIpOnLaunch, ...others }, { tx, caller }) {
    const { id } = await findSubnet(tx, caller.account, SubnetId ?? '')
    const on = Object.fromEntries(
      Object.entries(others).map(([name, it]) => [name, typeof it === 'object' ? it.Value : it]),
    )
    refuseParameters(on, Object.keys(on))
    if (MapPublicIpOnLaunch === undefined && Object.keys(others).length === 0)
      refuse('InvalidParameterCombination', { message: 'No attributes specified.' })
    if (MapPublicIpOnLaunch)
      await tx.db
        .updateTable('subnets')
        .set({ mapsPublic: MapPublicIpOnLaunch.Value ? 1 : 0 })
        .where('id', '=', id)
        .execute()
    return {}
  },
})
