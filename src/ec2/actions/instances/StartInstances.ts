import { findInstances } from '../../../control/instances/find.ts'
import { action } from '../../action.ts'
import { refuseWithoutVolume } from '../../parse/stoppable.ts'

/**
 * Refuses every instance: none has a volume for its root device yet, and nothing else outlives a stop.
 * Refuses: InvalidInstanceID.*, IncorrectInstanceState, UnsupportedOperation.
 * Source: EC2 API Reference, StartInstances; errors of EC2 quoted in public.
 */
export const StartInstances = action('StartInstances', {
  async run({ InstanceIds }, { tx, caller }) {
    const rows = await findInstances(tx, caller.account, InstanceIds)
    refuseWithoutVolume(rows, 'started')
    return { StartingInstances: [] }
  },
})
