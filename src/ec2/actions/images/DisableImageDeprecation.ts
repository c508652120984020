import { findOwnImage } from '../../../control/images/find.ts'
import { undeprecate } from '../../../control/images/state.ts'
import { refuse } from '../../../model/errors.ts'
import { action } from '../../action.ts'

/**
 * Says that an image is not out of date, and will not be.
 * Refuses: MissingParameter, InvalidAMIID.Malformed, InvalidAMIID.NotFound, AuthFailure.
 * Source: EC2 API Reference, DisableImageDeprecation.
 */
export const DisableImageDeprecation = action('DisableImageDeprecation', {
  async run({ ImageId }, { tx, caller }) {
    if (!ImageId) return refuse('MissingParameter', { parameter: 'ImageId' })
    await undeprecate(tx, await findOwnImage(tx, caller.account, ImageId))
    return { Return: true }
  },
})
