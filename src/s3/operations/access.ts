/** Lists of rights and bucket policies. Source: Amazon S3 API Reference, Get- and PutBucketAcl, Get- and PutObjectAcl, …BucketPolicy. */
import type { AccountId } from '../../model/ids.ts'
import { aclElement, type Grant, grantsOfHeaders, readGrants } from '../acl.ts'
import { type Call, empty, grantsOf, requireBucket, requireObject, xmlAnswer } from '../call.ts'
import { refuse } from '../errors.ts'
import type { Answer } from '../exchange.ts'
import { readPolicy } from '../policy.ts'

export async function getAcl(call: Call): Promise<Answer> {
  const guarded =
    call.key === ''
      ? await requireBucket(call, 's3:GetBucketAcl', 'READ_ACP')
      : (await requireObject(call, 's3:GetObjectAcl', 'READ_ACP')).object
  return xmlAnswer(aclElement(guarded.accountId, grantsOf(guarded)))
}

export async function putAcl(call: Call): Promise<Answer> {
  if (call.key === '') {
    const bucket = await requireBucket(call, 's3:PutBucketAcl', 'WRITE_ACP')
    const aclJson = JSON.stringify(await wantedGrants(call, bucket.accountId, bucket.accountId))
    await call.store.transact(({ db }) =>
      db.updateTable('buckets').set({ aclJson }).where('name', '=', bucket.name).execute(),
    )
    return empty(200)
  }
  const { bucket, object } = await requireObject(call, 's3:PutObjectAcl', 'WRITE_ACP')
  const aclJson = JSON.stringify(await wantedGrants(call, object.accountId, bucket.accountId))
  await call.store.transact(({ db }) =>
    db.updateTable('objects').set({ aclJson }).where('id', '=', object.id).execute(),
  )
  return empty(200)
}

async function wantedGrants(call: Call, owner: AccountId, bucketOwner: AccountId): Promise<Grant[]> {
  const text = await call.payload.text()
  const grants = grantsOfHeaders(call.header, bucketOwner)
  if (grants && text.trim() !== '') refuse('InvalidRequest', 'Specifying both an ACL header and a body is not allowed')
  return grants ?? readGrants(text, owner)
}

export async function getPolicy(call: Call): Promise<Answer> {
  const { policyJson } = await requireBucket(call, 's3:GetBucketPolicy')
  if (policyJson === null) refuse('NoSuchBucketPolicy', undefined, { BucketName: call.bucket })
  return { status: 200, headers: { 'content-type': 'application/json' }, body: policyJson }
}

export async function putPolicy(call: Call): Promise<Answer> {
  await requireBucket(call, 's3:PutBucketPolicy')
  const text = await call.payload.text()
  readPolicy(text, call.bucket)
  await keepPolicy(call, text)
  return empty(204)
}

export async function deletePolicy(call: Call): Promise<Answer> {
  await requireBucket(call, 's3:DeleteBucketPolicy')
  await keepPolicy(call, null)
  return empty(204)
}

async function keepPolicy(call: Call, policyJson: string | null): Promise<void> {
  await call.store.transact(({ db }) =>
    db.updateTable('buckets').set({ policyJson }).where('name', '=', call.bucket).execute(),
  )
}

/** Whether anyone may read what is in the bucket by its policy. */
export async function getPolicyStatus(call: Call): Promise<Answer> {
  const { policyJson } = await requireBucket(call, 's3:GetBucketPolicyStatus')
  if (policyJson === null) return refuse('NoSuchBucketPolicy', undefined, { BucketName: call.bucket })
  const isPublic = readPolicy(policyJson, call.bucket).some(
    (it) => it.effect === 'Allow' && it.principals.includes('*'),
  )
  return xmlAnswer(['PolicyStatus', ['IsPublic', isPublic]])
}
