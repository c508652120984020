import { findOwnImage } from '../../../control/images/find.ts'
import { disable } from '../../../control/images/state.ts'
import { refuse } from '../../../model/errors.ts'
import { action } from '../../action.ts'

/**
 * Takes an image out of use: nobody launches it, and whoever it was shared with loses it. Its instances run on.
 * Refuses: MissingParameter, InvalidAMIID.Malformed, InvalidAMIID.NotFound, AuthFailure, InvalidAMIID.Unavailable (while it is pending).
 * Source: EC2 API Reference, DisableImage.
 */
export const DisableImage = action('DisableImage', {
  async run({ ImageId }, { tx, caller }) {
    if (!ImageId) return refuse('MissingParameter', { parameter: 'ImageId' })
    await disable(tx, await findOwnImage(tx, caller.account, ImageId))
    return { Return: true }
  },
})
