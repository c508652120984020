import { readOthers } from '../../../control/disk-tasks/others.ts'
import { listDiskTasks } from '../../../control/disk-tasks/tasks.ts'
import { withTags } from '../../../control/tags/tags.ts'
import { tagFilters } from '../../../query/filters.ts'
import { describe } from '../../action.ts'
import { renderImportImage, type TaggedImageImport } from '../../render/disk-task.ts'

/**
 * The account's tasks of this kind, ended ones too: their state, how far they are, and why they failed.
 * Refuses: InvalidConversionTaskId.
 * Source: EC2 API Reference, DescribeImportImageTasks.
 */
export const DescribeImportImageTasks = describe('DescribeImportImageTasks', {
  async rows({ ImportTaskIds }, { tx, caller }) {
    const tasks = await withTags(tx, await listDiskTasks(tx, caller.account, 'import-image', ImportTaskIds))
    return Promise.all(tasks.map(async (it) => ({ ...it, others: await readOthers(tx, it) })))
  },
  key: (it) => `${String(it.createdAt).padStart(15, '0')}/${it.id}`,
  filters: { ...tagFilters<TaggedImageImport>(), 'task-state': (it) => it.state },
  render: (it) => renderImportImage(it),
  assemble: (ImportImageTasks) => ({ ImportImageTasks: [...ImportImageTasks] }),
})
