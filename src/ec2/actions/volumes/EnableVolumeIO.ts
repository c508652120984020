import { findVolume } from '../../../control/volumes/find.ts'
import { refuse } from '../../../model/errors.ts'
import { action } from '../../action.ts'

/**
 * Lets I/O go on after trouble. Here nothing holds it back while a volume can be served, so this changes nothing; one whose files are
 * torn or missing stays as it is until they are put back.
 * Refuses: InvalidVolume.NotFound, IncorrectState.
 * Source: EC2 API Reference, EnableVolumeIO.
 */
export const EnableVolumeIO = action('EnableVolumeIO', {
  async run({ VolumeId }, { tx, caller }) {
    const { id, state } = await findVolume(tx, caller.account, VolumeId)
    if (state !== 'available')
      refuse('IncorrectState', { message: `The volume '${id}' is in the '${state}' state: it cannot be served.` })
    return {}
  },
})
