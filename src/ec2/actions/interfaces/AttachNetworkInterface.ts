import { findInstance } from '../../../control/instances/find.ts'
import { attach } from '../../../control/interfaces/attach.ts'
import { findInterface } from '../../../control/interfaces/find.ts'
import { refuse } from '../../../model/errors.ts'
import { action } from '../../action.ts'

/** Source: EC2 API Reference, "NetworkInterfaceAttachment". Guess: how high an index may be. */
const highestIndex = 31

/**
 * Begins to attach a network interface to an instance of its zone that runs or is stopped: a guest that runs sees it come. It
 * outlives the instance, unless that is changed afterwards.
 * Refuses: InvalidNetworkInterfaceID.NotFound, InvalidInstanceID.*, InvalidNetworkInterface.InUse, IncorrectState,
 * AttachmentLimitExceeded, PrivateIpAddressLimitExceeded, InvalidParameterValue, InvalidParameterCombination, UnsupportedOperation.
 * Source: EC2 API Reference, AttachNetworkInterface.
 */
export const AttachNetworkInterface = action('AttachNetworkInterface', {
  async run(input, context) {
    const { tx, caller } = context
    if ((input.NetworkCardIndex ?? 0) !== 0)
      refuse('InvalidParameterValue', { message: 'Instances have one network card: its index is 0.' })
    if (input.EnaSrdSpecification || input.EnaQueueCount !== undefined)
      refuse('UnsupportedOperation', { message: 'Interfaces are virtio: ENA is not served by this cloud.' })
    const nic = await findInterface(tx, caller.account, input.NetworkInterfaceId)
    const instance = await findInstance(tx, caller.account, input.InstanceId)
    const index = input.DeviceIndex
    if (!Number.isInteger(index) || index < 0 || index > highestIndex)
      refuse('InvalidParameterValue', { message: `Value (${index}) for parameter deviceIndex is invalid.` })
    return { AttachmentId: await attach(tx, nic, instance, index, context), NetworkCardIndex: 0 }
  },
})
