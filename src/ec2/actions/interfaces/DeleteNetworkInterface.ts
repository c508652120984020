import { findInterface } from '../../../control/interfaces/find.ts'
import { removeInterface } from '../../../control/interfaces/remove.ts'
import { action } from '../../action.ts'

/**
 * Deletes a network interface that no instance has. Its elastic addresses stay the account's.
 * Refuses: InvalidNetworkInterfaceID.NotFound, InvalidParameterValue (in use).
 * Source: EC2 API Reference, DeleteNetworkInterface.
 */
export const DeleteNetworkInterface = action('DeleteNetworkInterface', {
  async run({ NetworkInterfaceId }, { tx, caller }) {
    await removeInterface(tx, await findInterface(tx, caller.account, NetworkInterfaceId))
    return {}
  },
})
