import type { ImageDiskContainer } from '@aws-sdk/client-ec2'
import { readOthers } from '../../../control/disk-tasks/others.ts'
import { startDiskTask } from '../../../control/disk-tasks/tasks.ts'
import { refuse } from '../../../model/errors.ts'
import type { DiskTaskId } from '../../../model/ids.ts'
import type { DiskTaskOptions } from '../../../store/tables/disk-tasks.ts'
import { action } from '../../action.ts'
import { checkRole, diskPlace, namedDisks, refuseEncryption } from '../../parse/disk-container.ts'
import { refuseParameters } from '../../parse/not-served.ts'
import { renderImportImage } from '../../render/disk-task.ts'

/** Source: EC2 API Reference, ImportImage, BootMode. Both are what starts a disk that knows both. */
const firmwares = { 'legacy-bios': 'bios', uefi: 'uefi', 'uefi-preferred': undefined } as const

/**
 * Begins to make an image of disks in the object store: qcow2, raw, VMDK, VHD. The first is its root; the image has a volume for
 * each, and is there once the task is `completed`; a disk that is refused makes the whole task `deleted`, with the reason.
 * Refuses: MissingParameter, InvalidParameter, InvalidParameterValue, UnsupportedOperation (encryption, Windows).
 * Source: EC2 API Reference, ImportImage; VM Import/Export User Guide, "Import a VM as an image".
 */
export const ImportImage = action('ImportImage', {
  creates: ['import-image-task'],
  async run(input, context) {
    refuseParameters(input, ['Encrypted', 'KmsKeyId', 'LicenseSpecifications'])
    await refuseEncryption(context)
    checkRole(input.RoleName)
    const { DiskContainers = [], Architecture = 'x86_64', BootMode, Platform, Hypervisor, UsageOperation } = input
    const [disk, ...rest] = namedDisks(DiskContainers)
    if (!disk) return refuse('MissingParameter', { parameter: 'DiskContainers' })
    if (Architecture !== 'x86_64' && Architecture !== 'i386')
      refuse('InvalidParameterValue', { message: `Machines here are x86: ${Architecture} cannot run.` })
    if (Platform && Platform !== 'Linux')
      refuse('UnsupportedOperation', { message: 'Linux alone is served by this cloud.' })
    if (Hypervisor && Hypervisor !== 'xen')
      refuse('InvalidParameterValue', { message: `The hypervisor ${Hypervisor} is not valid: it is xen.` })
    if (UsageOperation && UsageOperation !== 'RunInstances') refuseParameters(input, ['UsageOperation'])
    const { url, ...place } = diskPlace(disk)
    const firmware = BootMode && firmwares[BootMode]
    const { account } = context.caller
    const others: DiskTaskId[] = []
    for (const it of rest) {
      const { url: from, ...elsewhere } = diskPlace(it)
      const asked = { account, kind: 'import-disk', description: it.Description ?? '', ...elsewhere } as const
      others.push(
        (await startDiskTask(context, { ...asked, options: { ...(from && { url: from }), ...saidOf(it) } })).id,
      )
    }
    const options: DiskTaskOptions = {
      architecture: Architecture,
      ...(firmware && { firmware }),
      ...(BootMode && { bootMode: BootMode }),
      ...(input.LicenseType && { licenseType: input.LicenseType }),
      ...(url && { url }),
      ...saidOf(disk),
      ...(others.length > 0 && { others }),
    }
    const description = input.Description ?? ''
    const row = await startDiskTask(context, { account, kind: 'import-image', description, ...place, options })
    await context.tag('import-image-task', row.id as `import-ami-${string}`) // of this kind
    return renderImportImage({ ...row, tags: {}, others: await readOthers(context.tx, row) })
  },
})

function saidOf({ Description, DeviceName }: ImageDiskContainer): Pick<DiskTaskOptions, 'disk'> {
  return {
    disk: { ...(Description && { description: Description }), ...(DeviceName && { device: DeviceName }) },
  }
}
