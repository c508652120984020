/** Rows of the object store. */
import type { AccountId } from '../../model/ids.ts'
import type { Truth } from './resources.ts'

export interface ObjectTables {
  buckets: BucketRow
  objects: ObjectRow
  uploads: UploadRow
  blobs: BlobRow
}

export interface BucketRow {
  name: string
  accountId: AccountId
  aclJson: string
  policyJson: string | null
  createdAt: number
}

export interface ObjectRow {
  bucket: string
  key: string
  /** Another one for each content that the key has had: what `blobs.ownerId` names. */
  id: string
  accountId: AccountId
  bytes: number
  /** Without quotes. */
  etag: string
  /** 0: it came in one piece. */
  partCount: number
  /** Content headers and user metadata, by their names in lower case. */
  headersJson: string
  /** Base 64 by algorithm. */
  checksumsJson: string
  aclJson: string
  createdAt: number
}

export interface UploadRow {
  id: string
  bucket: string
  key: string
  accountId: AccountId
  headersJson: string
  aclJson: string
  /** Of the checksums that its parts come with. */
  algorithm: string | null
  /** Whether the checksum at the end is that of the whole object, not one of its parts' checksums. */
  wholeChecksum: Truth
  createdAt: number
}

/** One file of bytes. It never changes; what no row names is swept away. */
export interface BlobRow {
  id: string
  /** An object's id, or an upload's. */
  ownerId: string
  /** The part's number; within a finished object only its order counts. */
  part: number
  bytes: number
  md5: string
  checksumsJson: string
  createdAt: number
}
