import { attach } from '../../../control/attachments/attach.ts'
import { findInstance } from '../../../control/instances/find.ts'
import { findVolume } from '../../../control/volumes/find.ts'
import { action } from '../../action.ts'
import { deviceName } from '../../parse/device-name.ts'
import { renderAttachment } from '../../render/volume.ts'

/**
 * Begins to attach a volume to an instance of its zone, which sees it under the device name while it runs.
 * Refuses: InvalidVolume.NotFound, InvalidInstanceID.*, InvalidVolume.ZoneMismatch, VolumeInUse, IncorrectState,
 * InvalidParameterValue (the device), AttachmentLimitExceeded.
 * Source: EC2 API Reference, AttachVolume.
 */
export const AttachVolume = action('AttachVolume', {
  async run({ VolumeId, InstanceId, Device }, { tx, caller, now }) {
    const volume = await findVolume(tx, caller.account, VolumeId)
    const instance = await findInstance(tx, caller.account, InstanceId)
    const options = { device: deviceName(Device), deleteOnTermination: false, now }
    return renderAttachment(await attach(tx, volume, instance, options))
  },
})
