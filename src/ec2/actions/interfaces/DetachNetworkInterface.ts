import { detach } from '../../../control/interfaces/attach.ts'
import { findAttached } from '../../../control/interfaces/find.ts'
import { action } from '../../action.ts'

/**
 * Begins to detach a network interface: it is its owner's alone once the guest has let go of it. With `Force` it is at once,
 * and the guest is left with a NIC that leads nowhere until it lets go.
 * Refuses: InvalidAttachmentID.NotFound, InvalidNetworkInterfaceAttachmentId.Malformed, OperationNotPermitted (the primary one).
 * Source: EC2 API Reference, DetachNetworkInterface.
 */
export const DetachNetworkInterface = action('DetachNetworkInterface', {
  async run({ AttachmentId, Force }, { tx, caller }) {
    await detach(tx, await findAttached(tx, caller.account, AttachmentId), Force ?? false)
    return {}
  },
})
