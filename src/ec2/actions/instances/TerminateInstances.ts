import { findInstances } from '../../../control/instances/find.ts'
import { terminate } from '../../../control/instances/terminate.ts'
import { refuse } from '../../../model/errors.ts'
import { stateOf } from '../../../model/instance-states.ts'
import { action } from '../../action.ts'

/**
 * Ends instances for good: presses the power button, and pulls the plug if the guest does not obey (so `Force` changes nothing), or, with `SkipOsShutdown`, at once. All or, where one is
 * protected or unknown, none. An instance that is ended already stays so and is no error.
 * Refuses: InvalidInstanceID.*, OperationNotPermitted.
 * Source: EC2 API Reference, TerminateInstances; EC2 User Guide, "Enable termination protection".
 */
export const TerminateInstances = action('TerminateInstances', {
  async run({ InstanceIds, SkipOsShutdown }, { tx, caller, now }) {
    const rows = await findInstances(tx, caller.account, InstanceIds)
    const guarded = rows.find((row) => row.apiTerminationDisabled === 1 && row.state !== 'terminated')
    if (guarded) {
      refuse('OperationNotPermitted', {
        message: `The instance '${guarded.id}' may not be terminated. Modify its 'disableApiTermination' instance attribute and try again.`,
      })
    }
    const changes = []
    for (const row of rows) {
      const state = await terminate(tx, row, now, SkipOsShutdown)
      changes.push({ InstanceId: row.id, CurrentState: stateOf(state), PreviousState: stateOf(row.state) })
    }
    return { TerminatingInstances: changes }
  },
})
