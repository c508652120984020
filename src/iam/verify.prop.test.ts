import fc from 'fast-check'
import { expect, test } from 'vitest'
import { FakeClock } from '../base/clock.ts'
import { ApiError } from '../model/errors.ts'
import { readClaim } from './claim.ts'
import type { AccessKey } from './credentials.ts'
import { type HttpRequest, headerOf } from './http-request.ts'
import { mergeParams, type Params, parseParams } from './params.ts'
import { formEncode, presignV4, signV2, signV4 } from './sign.ts'
import { normalizePath } from './sigv4.ts'
import { type Verified, verifier } from './verify.ts'

const at = new Date('2014-04-23T20:11:35Z')
const credentials = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secret: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' }
const never = new AbortController().signal

const check = verifier({
  clock: new FakeClock(at),
  lookup: async (accessKeyId): Promise<AccessKey | undefined> => {
    const caller = {
      account: '123456789012',
      user: 'alice',
      userId: 'AIDA',
      arn: 'arn:aws:iam::123456789012:user/alice',
    }
    return accessKeyId === credentials.accessKeyId
      ? { secret: credentials.secret, caller: { ...caller, accessKeyId } }
      : undefined
  },
})

async function verify(http: HttpRequest): Promise<Verified> {
  const { query, params } = parsed(http)
  return await check({ http, query, params, claim: readClaim(http, query, params), service: 'ec2' }, never)
}

function parsed(http: HttpRequest): { query: Params; params: Params } {
  const query = parseParams(http.query)
  return { query, params: mergeParams(query, parseParams(http.body.toString('latin1'))) }
}

/** All that an application or a listener makes of a request. */
function meaning(http: HttpRequest) {
  const { params } = parsed(http)
  const host = headerOf(http, 'host')?.toLowerCase()
  return { method: http.method, path: normalizePath(http.path), params, host, date: headerOf(http, 'x-amz-date') }
}

const reserved = new Set(['Signature', 'SignatureVersion', 'SignatureMethod', 'Timestamp', 'Expires', 'SecurityToken'])
const text = fc
  .string({ unit: 'binary', maxLength: 12 })
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the characters that XML can't carry are the point
  .map((it) => it.toWellFormed().replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '.'))
const params = fc
  .uniqueArray(fc.tuple(text, text), { selector: ([name]) => name, maxLength: 8 })
  .map((it) => it.filter(([name]) => name !== '' && !reserved.has(name) && !name.startsWith('X-Amz-')))
const path = fc.constantFrom('/', '/services/Eucalyptus/', '/services/compute', '/a%20b/c', '/a//b/../c')
const host = fc.constantFrom('127.0.0.1:8773', 'ec2.us-west-2.amazonaws.com', '[::1]:8773')

function unsigned(method: string, to: string, of: string, form: Params): HttpRequest {
  const encoded = formEncode(form)
  return {
    ...{ method, path: to, query: method === 'POST' ? '' : encoded, localPort: 8773 },
    body: Buffer.from(method === 'POST' ? encoded : ''),
    headers: [
      ['host', of],
      ['user-agent', 'a  test'],
    ],
  }
}

const signedRequest = fc
  .record({
    ...{ method: fc.constantFrom('GET', 'POST'), path, host, params },
    scheme: fc.constantFrom('sigv4', 'presigned', 'sigv2'),
    hash: fc.constantFrom('sha1' as const, 'sha256' as const),
    withPort: fc.boolean(),
    region: fc.constantFrom('us-west-2', 'undefined-123', '0'),
    service: fc.constantFrom('ec2', '127', 'sts'),
  })
  .map((it): HttpRequest => {
    const options = { credentials, region: it.region, service: it.service, at }
    const plain = unsigned(it.method, it.path, it.host, it.params)
    if (it.scheme === 'sigv4') return signV4(plain, options)
    if (it.scheme === 'presigned') return presignV4(plain, options, 60)
    const host = it.withPort ? it.host : it.host.replace(/:\d+$/, '')
    return unsigned(it.method, it.path, it.host, signV2(it.params, { ...it, host }, { ...it, credentials, at }))
  })

test('whatever is signed is verified', async () => {
  await fc.assert(
    fc.asyncProperty(signedRequest, async (request) => {
      expect((await verify(request)).caller.accessKeyId).toBe(credentials.accessKeyId)
    }),
    { numRuns: 300 },
  )
})

interface Place {
  readonly length: number
  readonly flip: (bit: number) => HttpRequest
}

/** Every place of a request where a bit can flip. */
function places(request: HttpRequest): Place[] {
  const { method, query, headers, body } = request
  const flipText = (it: string, bit: number) => flipped(Buffer.from(it, 'latin1'), bit).toString('latin1')
  return [
    { length: method.length, flip: (bit: number) => ({ ...request, method: flipText(method, bit) }) },
    { length: request.path.length, flip: (bit: number) => ({ ...request, path: flipText(request.path, bit) }) },
    { length: query.length, flip: (bit: number) => ({ ...request, query: flipText(query, bit) }) },
    { length: body.length, flip: (bit: number) => ({ ...request, body: flipped(body, bit) }) },
    ...headers.flatMap(([name, value], index) => [
      {
        length: name.length,
        flip: (bit: number) => ({ ...request, headers: headers.with(index, [flipText(name, bit), value]) }),
      },
      {
        length: value.length,
        flip: (bit: number) => ({ ...request, headers: headers.with(index, [name, flipText(value, bit)]) }),
      },
    ]),
  ].filter((it) => it.length > 0)
}

function flipped(bytes: Buffer, bit: number): Buffer {
  const changed = Buffer.from(bytes)
  changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
  return changed
}

test('one bit changed anywhere is refused, or changes nothing of what is asked', async () => {
  await fc.assert(
    fc.asyncProperty(signedRequest, fc.nat(), fc.nat(), async (request, which, where) => {
      const all = places(request)
      const place = all[which % all.length]!
      const tampered = place.flip(where % (place.length * 8))
      const outcome = await verify(tampered).catch((error: unknown) => error)
      if (outcome instanceof ApiError) expect(outcome.code).not.toBe('InternalError')
      else if (outcome instanceof Error) throw outcome
      else if (isUnsigned(request, tampered)) expect(parsed(tampered)).toEqual(parsed(request))
      else expect(meaning(tampered)).toEqual(meaning(request))
    }),
    { numRuns: 3000 },
  )
})

/** Presigned and SigV2 requests sign no header but Host, and that perhaps without its port. */
function isUnsigned(request: HttpRequest, tampered: HttpRequest): boolean {
  return headerOf(request, 'authorization') === undefined && request.headers !== tampered.headers
}

test('a parameter added to query string or body is refused', async () => {
  await fc.assert(
    fc.asyncProperty(signedRequest, fc.constantFrom('query', 'body' as const), async (request, where) => {
      const add = (it: string) => (it === '' ? 'DryRun=false' : `${it}&DryRun=false`)
      const tampered =
        where === 'query'
          ? { ...request, query: add(request.query) }
          : { ...request, body: Buffer.from(add(request.body.toString('latin1'))) }
      await expect(verify(tampered)).rejects.toBeInstanceOf(ApiError)
    }),
    { numRuns: 200 },
  )
})

test('no request, however malformed, meets anything but a refusal', async () => {
  const bytes = fc.string({ unit: 'binary-ascii', maxLength: 60 })
  const auth = fc.constantFrom('AWS4-HMAC-SHA256 ', 'AWS4-HMAC-SHA256 Credential=a/20140423/r/s/aws4_request,', '')
  await fc.assert(
    fc.asyncProperty(bytes, bytes, auth, bytes, bytes, async (query, body, start, rest, host) => {
      const headers: HttpRequest['headers'] = [
        ['authorization', start + rest],
        ['host', host],
      ]
      const request = { method: 'POST', path: '/', query, body: Buffer.from(body), headers }
      await expect(verify(request)).rejects.toBeInstanceOf(ApiError)
    }),
    { numRuns: 500 },
  )
})
