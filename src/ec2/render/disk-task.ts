/** Imports and exports as answers have them. Source: EC2 API Reference, ImportImageTask, ImportSnapshotTask, ExportImageTask. */
import type { ExportImageTask, ImportImageTask, ImportSnapshotTask, SnapshotDetail } from '@aws-sdk/client-ec2'
import { type Tags, tagList } from '../../control/tags/tags.ts'
import type { DiskTaskOptions, DiskTaskRow } from '../../store/tables/disk-tasks.ts'

export type TaggedDiskTask = DiskTaskRow & { readonly tags: Tags }

/** With the image's other disks, in their order. */
export type TaggedImageImport = TaggedDiskTask & { readonly others: readonly DiskTaskRow[] }

export function renderImportImage(row: TaggedImageImport): ImportImageTask {
  const { architecture, bootMode, licenseType } = optionsOf(row)
  return {
    ImportTaskId: row.id,
    Description: row.description,
    Platform: 'Linux',
    ...(architecture && { Architecture: architecture }),
    ...(bootMode && { BootMode: bootMode as NonNullable<ImportImageTask['BootMode']> }), // one of EC2's, as ImportImage was given it
    ...(licenseType && { LicenseType: licenseType }),
    ...(row.state === 'completed' && row.imageId && { ImageId: row.imageId }),
    SnapshotDetails: [row, ...row.others].map((it) => renderDisk(it)),
    ...statusOf(row),
    Tags: tagList(row.tags),
  }
}

function renderDisk(row: DiskTaskRow): SnapshotDetail {
  const { disk } = optionsOf(row)
  return {
    ...diskOf(row),
    ...(disk?.description && { Description: disk.description }),
    ...(disk?.device && { DeviceName: disk.device }),
    ...(row.diskBytes !== null && { Status: 'completed' }),
    ...(row.state === 'completed' && row.snapshotId && { SnapshotId: row.snapshotId }),
  }
}

export function renderImportSnapshot(row: TaggedDiskTask): ImportSnapshotTask {
  const detail = {
    ...{ Description: row.description, Encrypted: false, ...diskOf(row), ...statusOf(row) },
    ...(row.state === 'completed' && row.snapshotId && { SnapshotId: row.snapshotId }),
  }
  return {
    ...{ ImportTaskId: row.id, Description: row.description, SnapshotTaskDetail: detail },
    Tags: tagList(row.tags),
  }
}

export function renderExportImage(row: TaggedDiskTask): ExportImageTask {
  return {
    ExportImageTaskId: row.id,
    Description: row.description,
    ...(row.imageId && { ImageId: row.imageId }),
    S3ExportLocation: { S3Bucket: row.bucket, S3Prefix: row.key },
    ...statusOf(row),
    Tags: tagList(row.tags),
  }
}

/** Progress is told while there is any. */
function statusOf({ state, message, progress }: DiskTaskRow) {
  return {
    Status: state,
    ...(message !== null && { StatusMessage: message }),
    ...(state === 'active' && { Progress: String(progress) }),
  }
}

function diskOf(row: DiskTaskRow) {
  const { url } = optionsOf(row)
  return {
    ...(row.format !== null && { Format: row.format }),
    ...(row.diskBytes !== null && { DiskImageSize: row.diskBytes }),
    ...(url ? { Url: url } : { UserBucket: { S3Bucket: row.bucket, S3Key: row.key } }),
  }
}

function optionsOf({ optionsJson }: DiskTaskRow): DiskTaskOptions {
  return JSON.parse(optionsJson) as DiskTaskOptions
}
