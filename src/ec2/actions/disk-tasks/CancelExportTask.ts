import { cancelDiskTask, listDiskTasks } from '../../../control/disk-tasks/tasks.ts'
import { refuse } from '../../../model/errors.ts'
import { action } from '../../action.ts'

/**
 * Stops an export that is under way. What it has not finished is not in the object store.
 * Refuses: InvalidExportTaskID.NotFound, IncorrectState (of one that has ended; Guess: EC2's code for it).
 * Source: EC2 API Reference, CancelExportTask.
 */
export const CancelExportTask = action('CancelExportTask', {
  async run({ ExportTaskId }, { tx, caller }) {
    if (!ExportTaskId) return refuse('MissingParameter', { parameter: 'ExportTaskId' })
    const [task] = await listDiskTasks(tx, caller.account, 'export-image', [ExportTaskId])
    if (!(await cancelDiskTask(tx, task!, 'User cancelled the task')))
      // listDiskTasks refuses what it does not find
      refuse('IncorrectState', { message: `The task ${ExportTaskId} is ${task!.state} and cannot be cancelled.` })
    return {}
  },
})
