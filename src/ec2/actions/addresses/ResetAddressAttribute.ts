import { findElastic } from '../../../control/addresses/find.ts'
import { setReverseName } from '../../../control/addresses/reverse-name.ts'
import { action } from '../../action.ts'
import { checkAddressAttribute } from '../../parse/reverse-names.ts'
import { renderAddressAttribute } from '../../render/address.ts'

/**
 * Gives an elastic address its usual reverse name again.
 * Refuses: InvalidAllocationID.NotFound, InvalidParameterValue.
 * Source: EC2 API Reference, ResetAddressAttribute.
 */
export const ResetAddressAttribute = action('ResetAddressAttribute', {
  async run({ AllocationId, Attribute }, { tx, caller }) {
    checkAddressAttribute(Attribute)
    const row = await findElastic(tx, caller.account, AllocationId)
    return { Address: renderAddressAttribute(await setReverseName(tx, row, null)) }
  },
})
