/** Buckets: list, create, look at, delete. Source: Amazon S3 API Reference, the operations of these names. */
import { grantsOfHeaders, ownerElement } from '../acl.ts'
import { type Call, empty, may, requireAccount, requireBucket, whoAsks, xmlAnswer } from '../call.ts'
import { refuse } from '../errors.ts'
import type { Answer } from '../exchange.ts'
import { findBucket } from '../rows.ts'
import { readXml } from '../xml.ts'

export async function listBuckets(call: Call): Promise<Answer> {
  const account = requireAccount(call)
  const rows = await call.store.read(({ db }) =>
    db.selectFrom('buckets').select(['name', 'createdAt']).where('accountId', '=', account).orderBy('name').execute(),
  )
  const buckets = rows.map(
    ({ name, createdAt }) => ['Bucket', ['Name', name], ['CreationDate', new Date(createdAt).toISOString()]] as const,
  )
  return xmlAnswer(['ListAllMyBucketsResult', ownerElement(account), ['Buckets', ...buckets]])
}

/** Making one's own bucket again changes nothing. Guess: only us-east-1 answers so; elsewhere it is BucketAlreadyOwnedByYou, which helps nobody. */
export async function createBucket(call: Call): Promise<Answer> {
  const account = requireAccount(call)
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(call.bucket))
    refuse('InvalidBucketName', undefined, { BucketName: call.bucket })
  if (call.header('x-amz-bucket-object-lock-enabled') === 'true') refuse('NotImplemented')
  const text = await call.payload.text()
  if (text.trim() !== '') readXml(text, 'CreateBucketConfiguration') // Buckets are global here: any place is this one.
  const grants = grantsOfHeaders(call.header, account) ?? []
  await call.store.transact(async ({ db }) => {
    const taken = await db.selectFrom('buckets').select('accountId').where('name', '=', call.bucket).executeTakeFirst()
    if (taken && taken.accountId !== account) refuse('BucketAlreadyExists', undefined, { BucketName: call.bucket })
    if (taken) return
    const createdAt = call.clock.now().getTime()
    const row = { name: call.bucket, accountId: account, aclJson: JSON.stringify(grants), policyJson: null, createdAt }
    await db.insertInto('buckets').values(row).execute()
  })
  return empty(200, { location: `/${call.bucket}` })
}

export async function headBucket(call: Call): Promise<Answer> {
  await requireBucket(call, 's3:ListBucket', 'READ')
  return empty(200, { 'x-amz-bucket-region': call.region })
}

export async function deleteBucket(call: Call): Promise<Answer> {
  await call.store.transact(async (tx) => {
    const bucket = await findBucket(tx, call.bucket)
    const resource = `arn:aws:s3:::${call.bucket}`
    if (!may(whoAsks(call), { bucket, guarded: bucket, action: 's3:DeleteBucket', resource })) refuse('AccessDenied')
    for (const table of ['objects', 'uploads'] as const) {
      const kept = await tx.db.selectFrom(table).select('bucket').where('bucket', '=', call.bucket).executeTakeFirst()
      if (kept) refuse('BucketNotEmpty', undefined, { BucketName: call.bucket })
    }
    await tx.db.deleteFrom('buckets').where('name', '=', call.bucket).execute()
  })
  return empty(204)
}

/** An empty one is us-east-1. */
export async function getLocation(call: Call): Promise<Answer> {
  await requireBucket(call, 's3:GetBucketLocation')
  return xmlAnswer(['LocationConstraint', call.region === 'us-east-1' ? undefined : call.region])
}
