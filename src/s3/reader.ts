/** Objects for the rest of the cloud: read in the name of an account, without a request. */
import type { AccountId } from '../model/ids.ts'
import type { Store } from '../store/store.ts'
import { ec2Id, grantsGive } from './acl.ts'
import type { Blobs } from './blobs.ts'
import { grantsOf, may } from './call.ts'
import { S3Error } from './errors.ts'
import { blobsOf, findBucket, findObject } from './rows.ts'

/**
 * The object, if the account may read it, or if its owner lets EC2 read it (`aws-exec-read`); `undefined` otherwise. Whoever does
 * not read the content to its end calls `return`.
 */
export async function readObject(
  { store, blobs }: { readonly store: Store; readonly blobs: Blobs },
  account: AccountId,
  at: { readonly bucket: string; readonly key: string },
): Promise<{ bytes: number; content: AsyncGenerator<Buffer> } | undefined> {
  const found = await store.read(async (tx) => {
    const bucket = await findBucket(tx, at.bucket).catch(noneIfMissing)
    const object = await findObject(tx, at.bucket, at.key)
    return bucket && object && { bucket, object, segments: await blobsOf(tx, object.id) }
  })
  if (!found) return undefined
  const { bucket, object, segments } = found
  const resource = `arn:aws:s3:::${at.bucket}/${at.key}`
  const wish = { bucket, guarded: object, action: 's3:GetObject', resource, permission: 'READ' } as const
  if (!may({ account }, wish) && !grantsGive(grantsOf(object), { id: ec2Id }, 'READ')) return undefined
  return { bytes: object.bytes, content: await blobs.read(segments, 0, object.bytes) }
}

function noneIfMissing(error: unknown): undefined {
  if (error instanceof S3Error && error.code === 'NoSuchBucket') return undefined
  throw error
}
