import { findInstances } from '../../../control/instances/find.ts'
import { stop } from '../../../control/instances/stop.ts'
import { refuse } from '../../../model/errors.ts'
import { stateOf } from '../../../model/instance-states.ts'
import { action } from '../../action.ts'
import { refuseWithoutVolume } from '../../parse/stoppable.ts'

/**
 * Asks instances to shut down, their volumes kept: `stopping`, then `stopped`. The public address is given back unless elastic, the
 * private one stays. Stopping a stopped instance changes nothing and is no error. A guest that does not go off by itself is ended
 * after a while, so `Force` changes nothing; with `SkipOsShutdown` it is ended at once, also one that is stopping.
 * Refuses: InvalidInstanceID.*, IncorrectInstanceState, OperationNotPermitted (stop protection), UnsupportedOperation (no volume for a
 * root, or `Hibernate`).
 * Source: EC2 API Reference, StopInstances; errors of EC2 quoted in public.
 */
export const StopInstances = action('StopInstances', {
  async run({ InstanceIds, Hibernate, SkipOsShutdown }, context) {
    const rows = await findInstances(context.tx, context.caller.account, InstanceIds)
    if (Hibernate) refuse('UnsupportedOperation', { message: 'Hibernation is not served by this cloud.' })
    await refuseWithoutVolume(context.tx, rows, 'stopped')
    const guarded = rows.find((it) => it.apiStopDisabled === 1)
    if (guarded)
      refuse('OperationNotPermitted', {
        message: `The instance '${guarded.id}' may not be stopped. Modify its 'disableApiStop' instance attribute and try again.`,
      })
    const changes = []
    for (const row of rows) {
      const state = await stop(context, row, SkipOsShutdown)
      changes.push({ InstanceId: row.id, CurrentState: stateOf(state), PreviousState: stateOf(row.state) })
    }
    return { StoppingInstances: changes }
  },
})
