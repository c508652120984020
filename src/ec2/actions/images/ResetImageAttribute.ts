import { findOwnImage } from '../../../control/images/find.ts'
import { unshare } from '../../../control/images/share.ts'
import { refuse } from '../../../model/errors.ts'
import { action } from '../../action.ts'

/**
 * Makes an image its owner's alone again.
 * Refuses: MissingParameter, InvalidParameterValue, InvalidAMIID.Malformed, InvalidAMIID.NotFound, AuthFailure.
 * Source: EC2 API Reference, ResetImageAttribute: launchPermission is the only attribute that can be reset.
 */
export const ResetImageAttribute = action('ResetImageAttribute', {
  async run({ ImageId, Attribute }, { tx, caller }) {
    if (!ImageId) return refuse('MissingParameter', { parameter: 'ImageId' })
    if (Attribute !== 'launchPermission')
      refuse('InvalidParameterValue', { message: `The attribute '${Attribute}' cannot be reset.` })
    await unshare(tx, await findOwnImage(tx, caller.account, ImageId))
    return {}
  },
})
