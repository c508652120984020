import { startDiskTask } from '../../../control/disk-tasks/tasks.ts'
import { findOwnImage } from '../../../control/images/find.ts'
import { refuse } from '../../../model/errors.ts'
import { action } from '../../action.ts'
import { checkRole } from '../../parse/disk-container.ts'
import { renderExportImage } from '../../render/disk-task.ts'

/** Source: EC2 API Reference, ExportImage, DiskImageFormat. */
const formats: readonly string[] = ['RAW', 'VMDK', 'VHD']

/**
 * Begins to write the root disk of an image of the caller's to the object store, as `PREFIXexport-ami-….FORMAT`. Its
 * other volumes are left out.
 * Refuses: MissingParameter, InvalidParameterValue, InvalidAMIID.NotFound, InvalidAMIID.Unavailable, AuthFailure,
 * UnsupportedOperation (of what is encrypted).
 * Source: EC2 API Reference, ExportImage; VM Import/Export User Guide, "Export a VM from an AMI".
 */
export const ExportImage = action('ExportImage', {
  creates: ['export-image-task'],
  async run(input, context) {
    checkRole(input.RoleName)
    const { ImageId, DiskImageFormat: format, S3ExportLocation: place, Description } = input
    if (!ImageId) return refuse('MissingParameter', { parameter: 'ImageId' })
    if (!format || !formats.includes(format))
      return refuse('InvalidParameterValue', { message: `Value (${format}) for parameter DiskImageFormat is invalid.` })
    if (!place?.S3Bucket) return refuse('MissingParameter', { parameter: 'S3ExportLocation.S3Bucket' })
    const { account } = context.caller
    const image = await findOwnImage(context.tx, account, ImageId)
    if (image.state !== 'available' || !image.id.startsWith('ami-'))
      refuse('InvalidAMIID.Unavailable', { id: image.id })
    const encrypted = await context.tx.db
      .selectFrom('snapshots')
      .select('id')
      .where('id', '=', image.rootSnapshotId ?? null)
      .where('keyId', 'is not', null)
      .executeTakeFirst()
    if (encrypted) refuse('UnsupportedOperation', { message: 'An image on an encrypted snapshot cannot be exported.' })
    const row = await startDiskTask(context, {
      ...{ account, kind: 'export-image', format, bucket: place.S3Bucket, key: place.S3Prefix ?? '' },
      ...{ description: Description ?? '', image: image.id, options: {} },
    })
    await context.tag('export-image-task', row.id as `export-ami-${string}`) // of this kind
    return {
      ...renderExportImage({ ...row, tags: {} }),
      DiskImageFormat: format,
      RoleName: input.RoleName ?? 'vmimport',
    }
  },
})
