import { detach } from '../../../control/attachments/attach.ts'
import { attachmentsOf, findVolume } from '../../../control/volumes/find.ts'
import { bare } from '../../../model/device-names.ts'
import { refuse } from '../../../model/errors.ts'
import { action } from '../../action.ts'
import { renderAttachment } from '../../render/volume.ts'

/**
 * Begins to detach a volume: it is gone once the guest has let it go. With `Force` nobody waits for the guest, whose further
 * writes are lost.
 * Refuses: InvalidVolume.NotFound, IncorrectState (attached to none, or to several), InvalidAttachment.NotFound.
 * Source: EC2 API Reference, DetachVolume; errors of EC2 quoted in public.
 */
export const DetachVolume = action('DetachVolume', {
  async run({ VolumeId, InstanceId, Device, Force }, { tx, caller }) {
    const { id } = await findVolume(tx, caller.account, VolumeId)
    const attachments = (await attachmentsOf(tx, [id])).get(id) ?? []
    if (attachments.length === 0) refuse('IncorrectState', { message: `Volume '${id}' is in the 'available' state.` })
    const meant = attachments.filter(
      (it) => (!InstanceId || it.instanceId === InstanceId) && (!Device || bare(it.device) === bare(Device)),
    )
    const [first, ...more] = meant
    if (!first)
      refuse('InvalidAttachment.NotFound', {
        message: `The volume '${id}' is not attached to instance '${InstanceId ?? ''}'${Device ? ` as device '${Device}'` : ''}.`,
      })
    if (more.length > 0)
      refuse('InvalidParameterCombination', {
        message: `The volume '${id}' is attached to several instances: name one.`,
      })
    return renderAttachment(await detach(tx, first, Force ?? false))
  },
})
