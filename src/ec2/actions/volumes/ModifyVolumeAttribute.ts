import { findVolume } from '../../../control/volumes/find.ts'
import { refuse } from '../../../model/errors.ts'
import { action } from '../../action.ts'

/**
 * Says whether I/O goes on by itself after trouble. Here it always does: nothing is ever held back, and the choice is remembered.
 * Refuses: InvalidVolume.NotFound, MissingParameter.
 * Source: EC2 API Reference, ModifyVolumeAttribute.
 */
export const ModifyVolumeAttribute = action('ModifyVolumeAttribute', {
  async run({ VolumeId, AutoEnableIO }, { tx, caller }) {
    const { id } = await findVolume(tx, caller.account, VolumeId)
    if (AutoEnableIO?.Value === undefined) refuse('MissingParameter', { parameter: 'autoEnableIO' })
    await tx.db
      .updateTable('volumes')
      .set({ autoEnableIo: AutoEnableIO.Value ? 1 : 0 })
      .where('id', '=', id)
      .execute()
    return {}
  },
})
