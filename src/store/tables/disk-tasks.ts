import type { AccountId, DiskTaskId, ImageId, SnapshotId } from '../../model/ids.ts'

export interface DiskTaskTables {
  diskTasks: DiskTaskRow
}

/** An import of a disk out of the object store, or an export of an image into it. Kept when it has ended. */
export interface DiskTaskRow {
  id: DiskTaskId
  accountId: AccountId
  /** `import-disk`: of an image of several disks, one that is not its root. */
  kind: 'import-image' | 'import-disk' | 'import-snapshot' | 'export-image'
  /** One that failed or was cancelled is `deleted`, and `message` says why. */
  state: 'active' | 'completed' | 'deleting' | 'deleted'
  message: string | null
  /** Percent. */
  progress: number
  description: string
  /** As the caller said it; of an import without, as it was found. */
  format: string | null
  bucket: string
  /** Of the object; of an export, what its name begins with. */
  key: string
  /** DiskTaskOptions. */
  optionsJson: string
  /** What comes out of an import, chosen when it begins; what an export is of. */
  imageId: ImageId | null
  /** As of an image: what an import makes. */
  snapshotId: SnapshotId | null
  /** Of the object. */
  diskBytes: number | null
  createdAt: number
}

/** What else the caller said. */
export interface DiskTaskOptions {
  readonly firmware?: 'bios' | 'uefi'
  readonly bootMode?: string
  readonly architecture?: string
  readonly licenseType?: string
  readonly platform?: string
  readonly url?: string
  readonly disk?: { readonly description?: string; readonly device?: string }
  /** Tasks of the image's other disks. */
  readonly others?: readonly DiskTaskId[]
}
