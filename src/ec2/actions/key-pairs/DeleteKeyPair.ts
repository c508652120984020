import { forgetKeyPair } from '../../../control/key-pairs/keep.ts'
import { refuse } from '../../../model/errors.ts'
import { action } from '../../action.ts'

/**
 * Forgets a key pair, by name or id. Instances that were made with it keep it. One that is not there is no error.
 * Refuses: MissingParameter.
 * Source: EC2 API Reference, DeleteKeyPair; for keys that are not there, terraform-provider-aws and others that count on it.
 */
export const DeleteKeyPair = action('DeleteKeyPair', {
  async run({ KeyName, KeyPairId }, { tx, caller }) {
    if (!KeyName && !KeyPairId)
      refuse('MissingParameter', { message: 'The request must contain the parameter keyName or keyPairId' })
    const row = await forgetKeyPair(tx, caller.account, KeyPairId ? { id: KeyPairId } : { name: KeyName ?? '' })
    return { Return: true, ...(row && { KeyPairId: row.id }) }
  },
})
