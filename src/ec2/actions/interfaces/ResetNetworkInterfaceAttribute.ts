import { changeInterface } from '../../../control/interfaces/change.ts'
import { findInterface } from '../../../control/interfaces/find.ts'
import { refuse } from '../../../model/errors.ts'
import { action } from '../../action.ts'

/**
 * Turns the source/destination check on again: the one attribute that there is a first value of.
 * Refuses: InvalidNetworkInterfaceID.NotFound, InvalidParameterValue.
 * Source: EC2 API Reference, ResetNetworkInterfaceAttribute.
 */
export const ResetNetworkInterfaceAttribute = action('ResetNetworkInterfaceAttribute', {
  async run({ NetworkInterfaceId, SourceDestCheck = 'sourceDestCheck' }, { tx, caller }) {
    const nic = await findInterface(tx, caller.account, NetworkInterfaceId)
    if (SourceDestCheck !== 'sourceDestCheck' && SourceDestCheck !== 'true')
      refuse('InvalidParameterValue', {
        message: `Value (${SourceDestCheck}) for parameter attribute is invalid. Unknown attribute.`,
      })
    await changeInterface(tx, nic, { sourceDestCheck: 1 })
    return {}
  },
})
