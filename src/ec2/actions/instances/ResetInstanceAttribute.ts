import { changeSourceDestCheck } from '../../../control/instances/change.ts'
import { findInstance } from '../../../control/instances/find.ts'
import { refuse } from '../../../model/errors.ts'
import { action } from '../../action.ts'

/**
 * Gives an attribute its default again: the source/destination check is on. Kernel and ramdisk need a stopped instance.
 * Refuses: InvalidInstanceID.*, InvalidParameterValue, IncorrectInstanceState.
 * Source: EC2 API Reference, ResetInstanceAttribute.
 */
export const ResetInstanceAttribute = action('ResetInstanceAttribute', {
  async run({ InstanceId, Attribute }, { tx, caller }) {
    const row = await findInstance(tx, caller.account, InstanceId)
    if (Attribute === 'kernel' || Attribute === 'ramdisk') {
      refuse('IncorrectInstanceState', { message: `The instance '${row.id}' is not in the 'stopped' state.` })
    }
    if (Attribute !== 'sourceDestCheck')
      refuse('InvalidParameterValue', { message: `Value (${Attribute}) for parameter attribute is invalid.` })
    await changeSourceDestCheck(tx, row, true)
    return {}
  },
})
