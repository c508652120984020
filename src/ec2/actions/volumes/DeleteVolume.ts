import { attachmentsOf, findVolume } from '../../../control/volumes/find.ts'
import { removeVolume } from '../../../control/volumes/remove.ts'
import { refuse } from '../../../model/errors.ts'
import { action } from '../../action.ts'

/**
 * Begins to remove a volume that no instance has. Its snapshots stay.
 * Refuses: InvalidVolume.NotFound, VolumeInUse.
 * Source: EC2 API Reference, DeleteVolume; errors of EC2 quoted in public.
 */
export const DeleteVolume = action('DeleteVolume', {
  async run({ VolumeId }, { tx, caller }) {
    const { id } = await findVolume(tx, caller.account, VolumeId)
    const [attachment] = (await attachmentsOf(tx, [id])).get(id) ?? []
    if (attachment) refuse('VolumeInUse', { message: `Volume ${id} is currently attached to ${attachment.instanceId}` })
    await removeVolume(tx, id)
    return {}
  },
})
