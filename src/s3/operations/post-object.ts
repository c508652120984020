/** An object out of a browser's form, with a policy that its owner has signed. Source: Amazon S3 API Reference, "Browser-based uploads using POST". */

import type { Caller } from '../../iam/credentials.ts'
import { signatureV2 } from '../../iam/sigv2.ts'
import { signatureV4, signingKey } from '../../iam/sigv4.ts'
import { parseIsoTime } from '../../iam/timestamps.ts'
import { sameText } from '../../iam/verify.ts'
import { grantsOfHeaders } from '../acl.ts'
import type { Authenticator } from '../authenticate.ts'
import { type Call, empty, requireWritable } from '../call.ts'
import { refuse } from '../errors.ts'
import type { Answer } from '../exchange.ts'
import { type Form, readForm } from '../form.ts'
import { headersToKeep } from '../object-headers.ts'
import { document } from '../xml.ts'
import { keepOrRemove, storeObject } from './objects.ts'

export async function postObject(call: Call, authenticator: Authenticator, abort: AbortSignal): Promise<Answer> {
  const form = await readForm(call.payload.bytes(), call.header('content-type') ?? '')
  const key = (
    form.fields.get('key') ?? refuse('InvalidArgument', "Bucket POST must contain a field named 'key'.")
  ).replaceAll(/\$\{filename\}/g, form.fileName)
  if (key === '' || Buffer.byteLength(key) > 1024) refuse('KeyTooLongError')
  const caller = await signer(form, authenticator, abort)
  const field = (name: string) => form.fields.get(name)
  const made: Call = {
    ...call,
    key,
    caller,
    header: (name) => (name === 'x-amz-acl' ? (field('acl') ?? field(name)) : field(name)),
  }
  const sizes = form.fields.has('policy') ? checkPolicy(made, form, key) : { least: 0, most: Number.POSITIVE_INFINITY }
  const bucket = await requireWritable(made, 's3:PutObject')
  const headers = headersToKeep([...form.fields])
  const grants = grantsOfHeaders(made.header, bucket.accountId) ?? []
  const received = await call.blobs.receive(form.file)
  const row = await keepOrRemove(call, received, async () => {
    if (received.bytes < sizes.least) refuse('EntityTooSmall')
    if (received.bytes > sizes.most) refuse('EntityTooLarge')
    return storeObject(made, received, { headers, grants, owner: caller?.account ?? bucket.accountId })
  })
  return answerOf(made, row.etag)
}

/** Who signed the policy; nobody where there is none. */
async function signer({ fields }: Form, authenticator: Authenticator, abort: AbortSignal): Promise<Caller | undefined> {
  const policy = fields.get('policy')
  const token = fields.get('x-amz-security-token')
  const credential = /^([^/]+)\/(\d{8})\/([^/]*)\/([^/]*)\/aws4_request$/.exec(fields.get('x-amz-credential') ?? '')
  const [, id = fields.get('awsaccesskeyid'), date = '', region = '', service = ''] = credential ?? []
  if (id === undefined) return undefined
  if (policy === undefined) return refuse('InvalidArgument', "Bucket POST must contain a field named 'policy'.")
  const key = await authenticator.key(id, token, abort)
  const signature = fields.get(credential ? 'x-amz-signature' : 'signature') ?? ''
  const expected = credential
    ? signatureV4(signingKey(key.secret, { date, region, service }), policy)
    : signatureV2(key.secret, 'sha1', policy)
  if (!sameText(expected, signature)) refuse('SignatureDoesNotMatch')
  return key.caller
}

/** Refuses a form that its policy does not allow; what the policy says of the file's size. */
function checkPolicy(call: Call, { fields }: Form, key: string): { least: number; most: number } {
  const policy = policyOf(fields.get('policy') ?? '')
  const expires = parseIsoTime(String(policy.expiration))
  if (!expires) refuse('InvalidPolicyDocument', "Invalid Policy: Invalid 'expiration' value.")
  if (expires < call.clock.now()) refuse('AccessDenied', 'Invalid according to Policy: Policy expired.')
  const sizes = { least: 0, most: Number.POSITIVE_INFINITY }
  const covered = new Set(['policy', 'x-amz-signature', 'signature', 'awsaccesskeyid', 'file'])
  for (const condition of policy.conditions) {
    const [kind, name, value] = asTriple(condition)
    if (kind === 'content-length-range') {
      Object.assign(sizes, { least: Number(name), most: Number(value) })
      continue
    }
    const field = name.replace(/^\$/, '').toLowerCase()
    covered.add(field)
    const actual = field === 'bucket' ? call.bucket : field === 'key' ? key : (fields.get(field) ?? '')
    const holds = kind === 'starts-with' ? actual.startsWith(value) : kind === 'eq' && actual === value
    if (!holds)
      refuse(
        'AccessDenied',
        `Invalid according to Policy: Policy Condition failed: ["${kind}", "$${field}", "${value}"]`,
      )
  }
  const extra = [...fields.keys()].find((it) => !covered.has(it) && !it.startsWith('x-ignore-'))
  if (extra !== undefined) refuse('AccessDenied', `Invalid according to Policy: Extra input fields: ${extra}`)
  return sizes
}

function policyOf(text: string): { expiration: unknown; conditions: unknown[] } {
  try {
    const { expiration, conditions } = JSON.parse(Buffer.from(text, 'base64').toString('utf8')) as Record<
      string,
      unknown
    >
    if (Array.isArray(conditions)) return { expiration, conditions }
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error // No JSON: the caller's text.
  }
  return refuse('InvalidPolicyDocument', 'Invalid Policy: Invalid JSON.')
}

/** `{"bucket": "b"}` means `["eq", "$bucket", "b"]`. */
function asTriple(condition: unknown): readonly [string, string, string] {
  if (Array.isArray(condition) && condition.length === 3)
    return [String(condition[0]).toLowerCase(), String(condition[1]), String(condition[2])]
  const [pair] = typeof condition === 'object' && condition !== null ? Object.entries(condition) : []
  return pair
    ? ['eq', `$${pair[0]}`, String(pair[1])]
    : refuse('InvalidPolicyDocument', 'Invalid Policy: Invalid condition.')
}

function answerOf(call: Call, etag: string): Answer {
  const location = `${call.endpoint}/${call.bucket}/${encodeURI(call.key)}`
  const headers = { etag: `"${etag}"`, location }
  const redirect = call.header('success_action_redirect') ?? call.header('redirect')
  const target = redirect !== undefined && URL.canParse(redirect) ? new URL(redirect) : undefined
  if (target) {
    for (const [name, value] of Object.entries({ bucket: call.bucket, key: call.key, etag: `"${etag}"` }))
      target.searchParams.set(name, value)
    return empty(303, { ...headers, location: target.href })
  }
  const status = call.header('success_action_status')
  if (status === '200') return empty(200, headers)
  if (status !== '201') return empty(204, headers)
  const body = document([
    'PostResponse',
    ['Location', location],
    ['Bucket', call.bucket],
    ['Key', call.key],
    ['ETag', `"${etag}"`],
  ])
  return { status: 201, headers: { ...headers, 'content-type': 'application/xml' }, body }
}
