import { findOwnImage } from '../../../control/images/find.ts'
import { enable } from '../../../control/images/state.ts'
import { refuse } from '../../../model/errors.ts'
import { action } from '../../action.ts'

/**
 * Lets an image that was disabled be launched again, by its owner alone.
 * Refuses: MissingParameter, InvalidAMIID.Malformed, InvalidAMIID.NotFound, AuthFailure.
 * Source: EC2 API Reference, EnableImage.
 */
export const EnableImage = action('EnableImage', {
  async run({ ImageId }, { tx, caller }) {
    if (!ImageId) return refuse('MissingParameter', { parameter: 'ImageId' })
    await enable(tx, await findOwnImage(tx, caller.account, ImageId))
    return { Return: true }
  },
})
