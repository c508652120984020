import { findOwnImage } from '../../../control/images/find.ts'
import { deprecate } from '../../../control/images/state.ts'
import { refuse } from '../../../model/errors.ts'
import { action } from '../../action.ts'

/**
 * Says from when on an image is out of date: others find it no more unless they name it. It can be launched all the same.
 * Refuses: MissingParameter, InvalidAMIID.Malformed, InvalidAMIID.NotFound, AuthFailure, InvalidParameter (a date in the past, or too far away).
 * Source: EC2 API Reference, EnableImageDeprecation.
 */
export const EnableImageDeprecation = action('EnableImageDeprecation', {
  async run({ ImageId, DeprecateAt }, { tx, caller, now }) {
    if (!ImageId) return refuse('MissingParameter', { parameter: 'ImageId' })
    if (!DeprecateAt) return refuse('MissingParameter', { parameter: 'DeprecateAt' })
    await deprecate(tx, await findOwnImage(tx, caller.account, ImageId), DeprecateAt, now)
    return { Return: true }
  },
})
