import { listDiskTasks } from '../../../control/disk-tasks/tasks.ts'
import { withTags } from '../../../control/tags/tags.ts'
import { tagFilters } from '../../../query/filters.ts'
import { describe } from '../../action.ts'
import { renderExportImage, type TaggedDiskTask } from '../../render/disk-task.ts'

/**
 * The account's tasks of this kind, ended ones too: their state, how far they are, and why they failed.
 * Refuses: InvalidExportTaskID.NotFound.
 * Source: EC2 API Reference, DescribeExportImageTasks.
 */
export const DescribeExportImageTasks = describe('DescribeExportImageTasks', {
  rows: async ({ ExportImageTaskIds }, { tx, caller }) =>
    withTags(tx, await listDiskTasks(tx, caller.account, 'export-image', ExportImageTaskIds)),
  key: (it) => `${String(it.createdAt).padStart(15, '0')}/${it.id}`,
  filters: { ...tagFilters<TaggedDiskTask>(), 'task-state': (it) => it.state },
  render: (it) => renderExportImage(it),
  assemble: (ExportImageTasks) => ({ ExportImageTasks: [...ExportImageTasks] }),
})
