/** The object store behind its door: authenticate, find the operation, answer; errors as S3 tells them. */
import type { Readable } from 'node:stream'
import { messageOf } from '../base/fault.ts'
import type { Log } from '../base/log.ts'
import type { LookupKey } from '../iam/credentials.ts'
import { headerOf } from '../iam/http-request.ts'
import { parseParams } from '../iam/params.ts'
import { Authenticator } from './authenticate.ts'
import { type Call, empty, type World } from './call.ts'
import { S3Error } from './errors.ts'
import type { Answer, RequestHead } from './exchange.ts'
import { postObject } from './operations/post-object.ts'
import { CutShort, Payload, received } from './payload.ts'
import { routeOf } from './route.ts'
import { isCallersMistake, knownBlobs } from './rows.ts'
import { targetOf } from './target.ts'
import { declaration, textOf } from './xml.ts'

export interface ObjectStoreOptions extends World {
  readonly lookup: LookupKey
  readonly log: Log
}

/** Answers one request; never throws. */
export type ObjectStore = (head: RequestHead, body: Readable, abort: AbortSignal) => Promise<Answer>

/** Opens the store: what a former process received and did not live to record is removed first. */
export async function openObjectStore(options: ObjectStoreOptions): Promise<ObjectStore> {
  const { store, blobs, log } = options
  const orphans = await blobs.sweep((ids) => store.read((tx) => knownBlobs(tx, ids)))
  if (orphans > 0) log.info({ orphans }, 'removed files of requests that had not ended')
  const authenticator = new Authenticator(options)
  return async (head, body, abort) => {
    const told: Record<string, unknown> = { service: 's3' }
    try {
      return { ...(await answer(head, body, { options, authenticator, told, abort })), logged: told }
    } catch (thrown) {
      if (thrown instanceof CutShort || (abort.aborted && !(thrown instanceof S3Error)))
        return { ...empty(499), logged: told }
      const error = asError(thrown)
      if (error.status >= 500) log.error({ requestId: head.requestId, err: thrown }, messageOf(thrown))
      await drain(body)
      return { ...errorAnswer(error, head), logged: { ...told, code: error.code } }
    }
  }
}

interface Doing {
  readonly options: ObjectStoreOptions
  readonly authenticator: Authenticator
  readonly told: Record<string, unknown>
  readonly abort: AbortSignal
}

async function answer(
  head: RequestHead,
  body: Readable,
  { options, authenticator, told, abort }: Doing,
): Promise<Answer> {
  const { bucket, key, hostBucket } = targetOf(head)
  Object.assign(told, { bucket, key: key.slice(0, 128) })
  const query = parseParams(head.query)
  const { caller, declared } = await authenticator.authenticate(head, query, hostBucket, abort)
  Object.assign(told, { account: caller?.account, user: caller?.user })
  const header = (name: string) => headerOf(head, name)
  const { store, blobs, clock, random, region, endpoint } = options
  const call: Call = {
    ...{ store, blobs, clock, random, region, endpoint, bucket, key, query, caller, header },
    ...{ requestId: head.requestId, method: head.method, headers: head.headers },
    payload: new Payload(body, header, declared),
  }
  if (isForm(call)) {
    Object.assign(told, { action: 'PostObject' })
    return await postObject(call, authenticator, abort)
  }
  const route = routeOf(call)
  Object.assign(told, { action: route.name })
  return await route.run(call)
}

function isForm({ method, bucket, key, header }: Call): boolean {
  return method === 'POST' && bucket !== '' && key === '' && /^multipart\/form-data/i.test(header('content-type') ?? '')
}

function asError(thrown: unknown): S3Error {
  if (thrown instanceof S3Error) return thrown
  return isCallersMistake(thrown)
    ? new S3Error('InvalidArgument', thrown.message, {})
    : new S3Error('InternalError', undefined, {})
}

function errorAnswer({ code, message, status, details }: S3Error, head: RequestHead): Answer {
  const elements = Object.entries({
    Code: code,
    Message: message,
    ...details,
    Resource: head.path.slice(0, 1024),
    RequestId: head.requestId,
  })
  const body = `${declaration}<Error>${elements.map((it) => textOf(it)).join('')}</Error>`
  return { status, headers: { 'content-type': 'application/xml' }, body: head.method === 'HEAD' ? '' : body }
}

/** A client that still sends does not listen: so much of what it sends is read and thrown away before it is answered. */
const mostDrained = 8 * 2 ** 20

async function drain(body: Readable): Promise<void> {
  let bytes = 0
  try {
    for await (const chunk of received(body)) {
      bytes += chunk.length
      if (bytes > mostDrained) return
    }
  } catch (error) {
    if (!(error instanceof CutShort)) throw error // It has gone: nobody to answer, and the answer is dropped.
  }
}
