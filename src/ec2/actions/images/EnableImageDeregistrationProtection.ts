import { findOwnImage } from '../../../control/images/find.ts'
import { protect } from '../../../control/images/state.ts'
import { refuse } from '../../../model/errors.ts'
import { action } from '../../action.ts'

/**
 * Keeps an image from being deregistered; with a cool-down also for a day after that was taken back.
 * Refuses: MissingParameter, InvalidAMIID.Malformed, InvalidAMIID.NotFound, AuthFailure.
 * Source: EC2 API Reference, EnableImageDeregistrationProtection.
 */
export const EnableImageDeregistrationProtection = action('EnableImageDeregistrationProtection', {
  async run({ ImageId, WithCooldown }, { tx, caller }) {
    if (!ImageId) return refuse('MissingParameter', { parameter: 'ImageId' })
    await protect(tx, await findOwnImage(tx, caller.account, ImageId), WithCooldown === true)
    return { Return: 'true' }
  },
})
