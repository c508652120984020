import { changeInstance } from '../../../control/instances/change.ts'
import { findInstances } from '../../../control/instances/find.ts'
import { action } from '../../action.ts'

/**
 * Turns detailed monitoring off, which the guest can see in its metadata.
 * Refuses: InvalidInstanceID.*, IncorrectInstanceState.
 * Source: EC2 API Reference, UnmonitorInstances.
 */
export const UnmonitorInstances = action('UnmonitorInstances', {
  async run({ InstanceIds }, { tx, caller }) {
    const rows = await findInstances(tx, caller.account, InstanceIds)
    for (const row of rows) await changeInstance(tx, row, { monitoring: 0 })
    return { InstanceMonitorings: rows.map(({ id }) => ({ InstanceId: id, Monitoring: { State: 'disabled' } })) }
  },
})
