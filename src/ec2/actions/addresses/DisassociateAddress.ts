import { disassociate } from '../../../control/addresses/associate.ts'
import { listElastic, namedElastic } from '../../../control/addresses/find.ts'
import { refuse } from '../../../model/errors.ts'
import { action } from '../../action.ts'

/**
 * Lets an elastic address lead nowhere; it stays the account's. The interface gets no other in its place. One that leads
 * nowhere already, named by itself, is no error.
 * Refuses: InvalidAssociationID.NotFound, AuthFailure, MissingParameter, InvalidParameterCombination, InvalidParameterValue.
 * Source: EC2 API Reference, DisassociateAddress. Guess: the texts for parameters that do not fit.
 */
export const DisassociateAddress = action('DisassociateAddress', {
  async run({ AssociationId, PublicIp }, { tx, caller }) {
    if (AssociationId && PublicIp)
      refuse('InvalidParameterCombination', {
        message: 'You may specify public IP or association id, but not both in the same call',
      })
    if (!AssociationId && !PublicIp)
      refuse('MissingParameter', { message: 'Either public IP or association id must be specified' })
    const row = AssociationId
      ? (await listElastic(tx, caller.account)).find((it) => it.associationId === AssociationId)
      : await namedElastic(tx, caller.account, { PublicIp })
    if (!row) refuse('InvalidAssociationID.NotFound', { id: AssociationId ?? '' })
    if (row.interfaceId !== null) await disassociate(tx, row)
    return {}
  },
})
