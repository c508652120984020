import { findInstances } from '../../../control/instances/find.ts'
import { start } from '../../../control/instances/stop.ts'
import { stateOf } from '../../../model/instance-states.ts'
import { action } from '../../action.ts'
import { refuseWithoutVolume } from '../../parse/stoppable.ts'

/**
 * Starts stopped instances, perhaps on other hosts: the same private address, another public one. Starting one that runs changes
 * nothing and is no error.
 * Refuses: InvalidInstanceID.*, IncorrectInstanceState, InsufficientInstanceCapacity, InsufficientAddressCapacity,
 * UnsupportedOperation.
 * Source: EC2 API Reference, StartInstances; errors of EC2 quoted in public.
 */
export const StartInstances = action('StartInstances', {
  async run({ InstanceIds }, context) {
    const rows = await findInstances(context.tx, context.caller.account, InstanceIds)
    await refuseWithoutVolume(context.tx, rows, 'started')
    const changes = []
    for (const row of rows) {
      const state = await start(context, row)
      changes.push({ InstanceId: row.id, CurrentState: stateOf(state), PreviousState: stateOf(row.state) })
    }
    return { StartingInstances: changes }
  },
})
