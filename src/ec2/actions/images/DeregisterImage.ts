import { findOwnImage } from '../../../control/images/find.ts'
import { deregister } from '../../../control/images/register.ts'
import { refuseProtected } from '../../../control/images/state.ts'
import { refuse } from '../../../model/errors.ts'
import { action } from '../../action.ts'

/**
 * Takes an image away from those who launch. Its instances run on, and its bundle stays in the object store.
 * Refuses: MissingParameter, InvalidAMIID.Malformed, InvalidAMIID.NotFound, AuthFailure, OperationNotPermitted.
 * Source: EC2 API Reference, DeregisterImage; EC2 User Guide, "Deregister an AMI".
 */
export const DeregisterImage = action('DeregisterImage', {
  async run({ ImageId }, { tx, caller, now }) {
    if (!ImageId) return refuse('MissingParameter', { parameter: 'ImageId' })
    const image = await findOwnImage(tx, caller.account, ImageId)
    refuseProtected(image, now)
    await deregister(tx, image)
    return { Return: true }
  },
})
