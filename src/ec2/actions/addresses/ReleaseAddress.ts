import { releaseElastic } from '../../../control/addresses/elastic.ts'
import { namedElastic } from '../../../control/addresses/find.ts'
import { refuse } from '../../../model/errors.ts'
import { action } from '../../action.ts'

/**
 * Gives an elastic address back to the pool: anybody may have it next. By its allocation id or, as the first clients do, by
 * itself, which EC2 took in EC2-Classic alone.
 * Refuses: InvalidAllocationID.NotFound, AuthFailure, InvalidIPAddress.InUse, InvalidAddress.PtrSet, MissingParameter,
 * InvalidParameterCombination, InvalidParameterValue.
 * Source: EC2 API Reference, ReleaseAddress, of which one thing is not done: an address in a default VPC has to be
 * disassociated first, too.
 */
export const ReleaseAddress = action('ReleaseAddress', {
  async run(input, { tx, caller, cloud }) {
    const row = await namedElastic(tx, caller.account, input)
    if (input.NetworkBorderGroup && input.NetworkBorderGroup !== cloud.region)
      refuse('InvalidParameterValue', {
        message: `Value (${input.NetworkBorderGroup}) for parameter networkBorderGroup is invalid.`,
      })
    await releaseElastic(tx, row)
    return {}
  },
})
