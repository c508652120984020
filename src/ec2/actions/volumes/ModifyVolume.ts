import { attachmentsOf, findVolume } from '../../../control/volumes/find.ts'
import { modify } from '../../../control/volumes/modify.ts'
import { volumeCooldownMs } from '../../../model/cloud.ts'
import { refuse } from '../../../model/errors.ts'
import { action } from '../../action.ts'
import { volumeChange } from '../../parse/volume-change.ts'
import { renderModification } from '../../render/volume-modification.ts'

/**
 * Begins to make a volume larger, of another type, or to change what it may do in a second; attached or not. Guests that have it see
 * the new size once the change is `completed`.
 * Refuses: InvalidVolume.NotFound, IncorrectState, IncorrectModificationState, VolumeModificationRateExceeded, MissingParameter,
 * InvalidParameterValue (smaller, or beyond the type), InvalidParameterCombination.
 * Source: EC2 API Reference, ModifyVolume.
 */
export const ModifyVolume = action('ModifyVolume', {
  async run(input, { tx, caller, now, cloud }) {
    const volume = await findVolume(tx, caller.account, input.VolumeId)
    if (volume.state !== 'available')
      refuse('IncorrectState', { message: `The volume '${volume.id}' is in the '${volume.state}' state.` })
    const attachments = (await attachmentsOf(tx, [volume.id])).get(volume.id) ?? []
    const target = volumeChange(input, volume, attachments)
    const row = await modify({ tx, now, cooldownMs: volumeCooldownMs(cloud) }, volume, target)
    return { VolumeModification: renderModification(row) }
  },
})
