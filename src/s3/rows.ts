/** Rows of buckets, objects and uploads. */
import { ApiError } from '../model/errors.ts'
import type { Reader, Transaction } from '../store/store.ts'
import type { BlobRow, BucketRow, ObjectRow, UploadRow } from '../store/tables/objects.ts'
import type { Received } from './blobs.ts'
import { refuse } from './errors.ts'

export async function findBucket({ db }: Reader, name: string): Promise<BucketRow> {
  const row = await db.selectFrom('buckets').selectAll().where('name', '=', name).executeTakeFirst()
  return row ?? refuse('NoSuchBucket', undefined, { BucketName: name })
}

export function findObject({ db }: Reader, bucket: string, key: string): Promise<ObjectRow | undefined> {
  return db.selectFrom('objects').selectAll().where('bucket', '=', bucket).where('key', '=', key).executeTakeFirst()
}

/** The files of an object or an upload, in their order. */
export function blobsOf({ db }: Reader, ownerId: string): Promise<BlobRow[]> {
  return db.selectFrom('blobs').selectAll().where('ownerId', '=', ownerId).orderBy('part').execute()
}

export async function findUpload({ db }: Reader, id: string, at: { bucket: string; key: string }): Promise<UploadRow> {
  const row = await db.selectFrom('uploads').selectAll().where('id', '=', id).executeTakeFirst()
  return row && row.bucket === at.bucket && row.key === at.key ? row : refuse('NoSuchUpload')
}

/** Makes the object what its key means. Gives the ids of the files that nothing names any more. */
export async function putObject(tx: Transaction, row: ObjectRow): Promise<string[]> {
  const freed = await dropObject(tx, row.bucket, row.key)
  await tx.db.insertInto('objects').values(row).execute()
  return freed
}

/** Removes the object, if there is one. Gives the ids of its files. */
export async function dropObject(tx: Transaction, bucket: string, key: string): Promise<string[]> {
  const object = await findObject(tx, bucket, key)
  if (!object) return []
  await tx.db.deleteFrom('objects').where('id', '=', object.id).execute()
  return dropBlobs(tx, object.id)
}

/** Removes the rows of the files of `ownerId`; gives their ids. */
export async function dropBlobs({ db }: Transaction, ownerId: string, part?: number): Promise<string[]> {
  let doomed = db.deleteFrom('blobs').where('ownerId', '=', ownerId)
  if (part !== undefined) doomed = doomed.where('part', '=', part)
  return (await doomed.returning('id').execute()).map((it) => it.id)
}

export async function putBlob(
  { db }: Transaction,
  received: Received,
  at: { ownerId: string; part: number; now: Date },
): Promise<void> {
  const { id, bytes, md5, checksums } = received
  await db
    .insertInto('blobs')
    .values({
      ...{ id, bytes, md5, ownerId: at.ownerId, part: at.part },
      ...{ checksumsJson: JSON.stringify(checksums), createdAt: at.now.getTime() },
    })
    .execute()
}

/** Which of the files rows name. */
export async function knownBlobs({ db }: Reader, ids: readonly string[]): Promise<Set<string>> {
  const known = new Set<string>()
  for (let at = 0; at < ids.length; at += 500) {
    const rows = await db
      .selectFrom('blobs')
      .select('id')
      .where('id', 'in', ids.slice(at, at + 500))
      .execute()
    for (const { id } of rows) known.add(id)
  }
  return known
}

/** Whether what was thrown is the caller's mistake in the words of the other services: of parameters that cannot be read. */
export function isCallersMistake(thrown: unknown): thrown is ApiError {
  return thrown instanceof ApiError && thrown.status < 500
}
