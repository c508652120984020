import { findOwnImage } from '../../../control/images/find.ts'
import { unprotect } from '../../../control/images/state.ts'
import { refuse } from '../../../model/errors.ts'
import { action } from '../../action.ts'

/**
 * Lets an image be deregistered again: at once, or in a day if its protection has a cool-down.
 * Refuses: MissingParameter, InvalidAMIID.Malformed, InvalidAMIID.NotFound, AuthFailure.
 * Source: EC2 API Reference, DisableImageDeregistrationProtection.
 */
export const DisableImageDeregistrationProtection = action('DisableImageDeregistrationProtection', {
  async run({ ImageId }, { tx, caller, now }) {
    if (!ImageId) return refuse('MissingParameter', { parameter: 'ImageId' })
    await unprotect(tx, await findOwnImage(tx, caller.account, ImageId), now)
    return { Return: 'true' }
  },
})
