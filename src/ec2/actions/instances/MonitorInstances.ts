import { changeInstance } from '../../../control/instances/change.ts'
import { findInstances } from '../../../control/instances/find.ts'
import { action } from '../../action.ts'

/**
 * Turns detailed monitoring on, which the guest can see in its metadata.
 * Refuses: InvalidInstanceID.*, IncorrectInstanceState.
 * Source: EC2 API Reference, MonitorInstances.
 */
export const MonitorInstances = action('MonitorInstances', {
  async run({ InstanceIds }, { tx, caller }) {
    const rows = await findInstances(tx, caller.account, InstanceIds)
    for (const row of rows) await changeInstance(tx, row, { monitoring: 1 })
    return { InstanceMonitorings: rows.map(({ id }) => ({ InstanceId: id, Monitoring: { State: 'enabled' } })) }
  },
})
