import { associate } from '../../../control/addresses/associate.ts'
import { namedElastic } from '../../../control/addresses/find.ts'
import { placeOf } from '../../../control/addresses/place.ts'
import { action } from '../../action.ts'

/**
 * Lets an elastic address lead to a private address of an interface. It moves there from wherever it led, unless
 * `AllowReassociation` is false; an address that was lent to that interface goes back to the pool.
 * Refuses: InvalidAllocationID.NotFound, AuthFailure, InvalidInstanceID, InvalidInstanceID.*, InvalidNetworkInterfaceID.NotFound,
 * IncorrectInstanceState, Gateway.NotAttached, Resource.AlreadyAssociated, MissingParameter, InvalidParameterCombination, InvalidParameterValue.
 * Source: EC2 API Reference, AssociateAddress: in accounts without EC2-Classic reassociation is automatic.
 */
export const AssociateAddress = action('AssociateAddress', {
  async run(input, { tx, caller, random }) {
    const row = await namedElastic(tx, caller.account, input)
    const place = await placeOf(tx, caller.account, input)
    const options = { move: input.AllowReassociation ?? true, random }
    return { AssociationId: await associate(tx, row, place, options) }
  },
})
