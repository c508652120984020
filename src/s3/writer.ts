/** Objects from the rest of the cloud: written in the name of an account, without a request. */
import { hex, type Random } from '../base/random.ts'
import type { AccountId } from '../model/ids.ts'
import type { Store } from '../store/store.ts'
import type { ObjectRow } from '../store/tables/objects.ts'
import type { Blobs } from './blobs.ts'
import { may } from './call.ts'
import { S3Error } from './errors.ts'
import { findBucket, putBlob, putObject } from './rows.ts'

export interface WriterParts {
  readonly store: Store
  readonly blobs: Blobs
  readonly random: Random
  readonly now: () => Date
}

/** Makes what `content` gives the object, if the account may write there; whether it may. */
export async function writeObject(
  { store, blobs, random, now }: WriterParts,
  account: AccountId,
  at: { readonly bucket: string; readonly key: string },
  content: () => AsyncIterable<Buffer>,
): Promise<boolean> {
  const mayWrite = () => store.read((tx) => findBucket(tx, at.bucket)).then(isOpenTo, falseIfMissing)
  const isOpenTo = (bucket: Awaited<ReturnType<typeof findBucket>>) =>
    may(
      { account },
      {
        ...{ bucket, guarded: bucket, action: 's3:PutObject', permission: 'WRITE' },
        resource: `arn:aws:s3:::${at.bucket}/${at.key}`,
      },
    )
  if (!(await mayWrite())) return false
  const received = await blobs.receive(content())
  const createdAt = now()
  const row: ObjectRow = {
    ...{ ...at, id: hex(random, 32), accountId: account, bytes: received.bytes, etag: received.md5, partCount: 0 },
    ...{ headersJson: '{}', checksumsJson: '{}', aclJson: '[]', createdAt: createdAt.getTime() },
  }
  try {
    const freed = await store.transact(async (tx) => {
      await findBucket(tx, at.bucket) // It may have gone meanwhile.
      const ids = await putObject(tx, row)
      await putBlob(tx, received, { ownerId: row.id, part: 1, now: createdAt })
      return ids
    })
    await blobs.remove(freed)
    return true
  } catch (error) {
    await blobs.remove([received.id])
    return falseIfMissing(error)
  }
}

function falseIfMissing(error: unknown): false {
  if (error instanceof S3Error && error.code === 'NoSuchBucket') return false
  throw error
}
