/** One request as operations see it. */
import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import type { Caller } from '../iam/credentials.ts'
import { type Params, paramOf } from '../iam/params.ts'
import type { AccountId } from '../model/ids.ts'
import type { Store } from '../store/store.ts'
import type { BucketRow, ObjectRow } from '../store/tables/objects.ts'
import { type Grant, grantsAllow, type Permission } from './acl.ts'
import type { Blobs } from './blobs.ts'
import { refuse } from './errors.ts'
import type { Answer } from './exchange.ts'
import type { Payload } from './payload.ts'
import { judge, readPolicy } from './policy.ts'
import { findBucket, findObject } from './rows.ts'
import { document, type Element } from './xml.ts'

/** What every operation stands on. */
export interface World {
  readonly store: Store
  readonly blobs: Blobs
  readonly clock: Clock
  readonly random: Random
  readonly region: string
  /** How clients reach us: `http://127.0.0.1:8773`. */
  readonly endpoint: string
}

export interface Call extends World {
  readonly requestId: string
  readonly method: string
  readonly bucket: string
  readonly key: string
  readonly query: Params
  /** Absent: anonymous. */
  readonly caller: Caller | undefined
  readonly payload: Payload
  /** Names in lower case. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  header(name: string): string | undefined
}

export type Operation = (call: Call) => Promise<Answer>

export const param = (call: Call, name: string) => paramOf(call.query, name)

/** Something that has an owner and a list of grants. */
interface Guarded {
  readonly accountId: AccountId
  readonly aclJson: string
}

export const grantsOf = (it: Guarded) => JSON.parse(it.aclJson) as Grant[]

/** The caller's account, for what nobody may do namelessly. */
export function requireAccount({ caller }: Call): AccountId {
  return caller?.account ?? refuse('AccessDenied')
}

/** Whose rights count. */
export const whoAsks = ({ caller }: Call) => ({ account: caller?.account })

/** The bucket, if the caller may do `action` with it; by right of the owner, the policy, or the list's `permission`. */
export async function requireBucket(call: Call, action: string, permission?: Permission): Promise<BucketRow> {
  const bucket = await call.store.read((tx) => findBucket(tx, call.bucket))
  const resource = `arn:aws:s3:::${call.bucket}`
  if (!may(whoAsks(call), { bucket, guarded: bucket, action, resource, permission })) refuse('AccessDenied')
  return bucket
}

/** The object, if the caller may do `action` with it. Who may not list the bucket does not learn that it is not there. */
export async function requireObject(
  call: Call,
  action: string,
  permission: Permission,
  at: { readonly bucket: string; readonly key: string } = call,
): Promise<{ bucket: BucketRow; object: ObjectRow }> {
  const { bucket, object } = await call.store.read(async (tx) => ({
    bucket: await findBucket(tx, at.bucket),
    object: await findObject(tx, at.bucket, at.key),
  }))
  const resource = `arn:aws:s3:::${at.bucket}/${at.key}`
  if (!object) {
    const listing = { bucket, guarded: bucket, action: 's3:ListBucket', resource: `arn:aws:s3:::${at.bucket}` }
    const seen = may(whoAsks(call), { ...listing, permission: 'READ' })
    return refuse(seen ? 'NoSuchKey' : 'AccessDenied', undefined, seen ? { Key: at.key } : {})
  }
  if (!may(whoAsks(call), { bucket, guarded: object, action, resource, permission })) refuse('AccessDenied')
  return { bucket, object }
}

/** The bucket into which the caller may write the call's key. */
export async function requireWritable(call: Call, action: string): Promise<BucketRow> {
  const bucket = await call.store.read((tx) => findBucket(tx, call.bucket))
  const resource = `arn:aws:s3:::${call.bucket}/${call.key}`
  if (!may(whoAsks(call), { bucket, guarded: bucket, action, resource, permission: 'WRITE' })) refuse('AccessDenied')
  return bucket
}

export interface Wish {
  readonly bucket: BucketRow
  readonly guarded: Guarded
  readonly action: string
  readonly resource: string
  readonly permission?: Permission | undefined
}

/** A denial in the policy binds all but the bucket's owner, who could change it. Guess: AWS lets the root user remove it only. */
export function may(
  who: { readonly account: AccountId | undefined },
  { bucket, guarded, action, resource, permission }: Wish,
): boolean {
  const { account } = who
  if (account !== undefined && account === bucket.accountId && guarded.accountId === bucket.accountId) return true
  const said =
    bucket.policyJson === null
      ? undefined
      : judge(readPolicy(bucket.policyJson, bucket.name), account, action, resource)
  if (said !== undefined) return said === 'allow'
  if (account !== undefined && account === guarded.accountId) return true
  return permission !== undefined && grantsAllow(grantsOf(guarded), account, permission)
}

export function xmlAnswer(root: Element, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status: 200, headers: { 'content-type': 'application/xml', ...headers }, body: document(root) }
}

export const empty = (status: number, headers: Readonly<Record<string, string>> = {}): Answer => ({
  status,
  headers,
  body: '',
})
