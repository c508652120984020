import { startDiskTask } from '../../../control/disk-tasks/tasks.ts'
import { refuse } from '../../../model/errors.ts'
import { action } from '../../action.ts'
import { checkRole, diskPlace, refuseEncryption } from '../../parse/disk-container.ts'
import { refuseParameters } from '../../parse/not-served.ts'
import { renderImportSnapshot } from '../../render/disk-task.ts'

/**
 * Begins to make a snapshot of a disk in the object store: qcow2, raw, VMDK, VHD. It is there once the task is `completed`.
 * Refuses: MissingParameter, InvalidParameter, UnsupportedOperation (encryption).
 * Source: EC2 API Reference, ImportSnapshot; VM Import/Export User Guide, "Import a disk as a snapshot".
 */
export const ImportSnapshot = action('ImportSnapshot', {
  creates: ['import-snapshot-task'],
  async run(input, context) {
    refuseParameters(input, ['Encrypted', 'KmsKeyId'])
    await refuseEncryption(context)
    checkRole(input.RoleName)
    const { DiskContainer: disk, Description } = input
    if (!disk) return refuse('MissingParameter', { parameter: 'DiskContainer' })
    const { url, ...place } = diskPlace(disk)
    const row = await startDiskTask(context, {
      ...{ account: context.caller.account, kind: 'import-snapshot', ...place },
      description: Description ?? disk.Description ?? '',
      options: url ? { url } : {},
    })
    await context.tag('import-snapshot-task', row.id as `import-snap-${string}`) // of this kind
    return renderImportSnapshot({ ...row, tags: {} })
  },
})
