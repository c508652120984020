import { findElastic } from '../../../control/addresses/find.ts'
import { setReverseName } from '../../../control/addresses/reverse-name.ts'
import { refuse } from '../../../model/errors.ts'
import { action } from '../../action.ts'
import { reverseName } from '../../parse/reverse-names.ts'
import { renderAddressAttribute } from '../../render/address.ts'

/**
 * Sets what reverse DNS says of an elastic address. It holds at once; whether the name leads to the address is not asked of
 * anybody, which EC2 does.
 * Refuses: InvalidAllocationID.NotFound, MissingParameter, InvalidParameterValue.
 * Source: EC2 API Reference, ModifyAddressAttribute.
 */
export const ModifyAddressAttribute = action('ModifyAddressAttribute', {
  async run({ AllocationId, DomainName }, { tx, caller }) {
    const row = await findElastic(tx, caller.account, AllocationId)
    if (!DomainName) refuse('MissingParameter', { parameter: 'DomainName' })
    return { Address: renderAddressAttribute(await setReverseName(tx, row, reverseName(DomainName))) }
  },
})
