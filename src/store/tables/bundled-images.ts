/** Rows of images out of bundles, of sharing, and of certificates. */
import type { Generated } from 'kysely'
import type { AccountId, ImageId } from '../../model/ids.ts'

export interface BundledImageTables {
  bundledImages: BundledImageRow
  launchPermissions: LaunchPermissionRow
  certificates: CertificateRow
}

/** What an image has beside its row in `images` if it came out of a bundle, or is a kernel or a RAM disk. */
export interface BundledImageRow {
  imageId: ImageId
  type: 'machine' | 'kernel' | 'ramdisk'
  /** `BUCKET/KEY` of the manifest. */
  location: string
  kernelId: string | null
  ramdiskId: string | null
  /** The manifest as it was when the image was registered; empty where there was none. */
  manifest: string
  /** Why it failed. */
  failure: string | null
  /** Whether its files lie here. Those without a manifest always do. */
  presence: Generated<'here' | 'coming' | 'leaving' | 'away'>
  /** What its files take while they are here; 0 where nobody has counted. */
  bytes: Generated<number>
  /** When it was last launched. */
  usedAt: Generated<number>
}

export interface LaunchPermissionRow {
  imageId: ImageId
  accountId: AccountId
}

export interface CertificateRow {
  id: string
  accountId: AccountId
  pem: string
  createdAt: number
}
