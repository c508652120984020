import { cancelDiskTask, listDiskTasks } from '../../../control/disk-tasks/tasks.ts'
import { refuse } from '../../../model/errors.ts'
import { action } from '../../action.ts'

/**
 * Stops an import that is under way, and removes what it has made so far.
 * Refuses: MissingParameter, InvalidConversionTaskId, IncorrectState (of one that has ended; Guess: EC2's code for it).
 * Source: EC2 API Reference, CancelImportTask.
 */
export const CancelImportTask = action('CancelImportTask', {
  async run({ ImportTaskId, CancelReason }, { tx, caller }) {
    if (!ImportTaskId) return refuse('MissingParameter', { parameter: 'ImportTaskId' })
    const kind = ImportTaskId.startsWith('import-snap-') ? 'import-snapshot' : 'import-image'
    const [task] = await listDiskTasks(tx, caller.account, kind, [ImportTaskId])
    const { state } = task! // listDiskTasks refuses what it does not find
    if (!(await cancelDiskTask(tx, task!, CancelReason ?? 'User cancelled the task')))
      refuse('IncorrectState', { message: `The task ${ImportTaskId} is ${state} and cannot be cancelled.` })
    return { ImportTaskId, PreviousState: state, State: 'deleting' }
  },
})
