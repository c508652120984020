import { findInstances } from '../../../control/instances/find.ts'
import { reboot } from '../../../control/instances/reboot.ts'
import { action } from '../../action.ts'

/**
 * Asks running guests to reboot, and answers before they do. All or none; those that have ended are passed over.
 * Refuses: InvalidInstanceID.*, IncorrectInstanceState.
 * Source: EC2 API Reference, RebootInstances.
 */
export const RebootInstances = action('RebootInstances', {
  async run({ InstanceIds }, { tx, caller }) {
    await reboot(tx, await findInstances(tx, caller.account, InstanceIds))
    return {}
  },
})
