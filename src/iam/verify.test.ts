import { expect, test } from 'vitest'
import { FakeClock } from '../base/clock.ts'
import { seededRandom } from '../base/random.ts'
import { readClaim } from './claim.ts'
import { type AccessKey, newSecret, newUniqueId } from './credentials.ts'
import { type HttpRequest, signedHosts } from './http-request.ts'
import { LruCache } from './lru-cache.ts'
import { mergeParams, type Params, paramOf, parseParams } from './params.ts'
import { formEncode, presignV4, signV2, signV4 } from './sign.ts'
import { verifier } from './verify.ts'

const credentials = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secret: 'secret' }
const noon = new Date('2014-04-23T12:00:00Z')
const minutes = (count: number) => new Date(noon.getTime() + count * 60_000)
const options = { credentials, region: 'us-west-2', service: 'ec2', at: noon }
const plain: HttpRequest = {
  ...{ method: 'POST', path: '/', query: '', body: Buffer.from('Action=DescribeRegions&Version=2016-11-15') },
  headers: [['host', '127.0.0.1:8773']],
}

async function verify(http: HttpRequest, now: Date, service = 'ec2', key: Partial<AccessKey> = {}) {
  const caller = { account: '1', user: 'root', userId: '1', arn: 'arn:aws:iam::1:root', accessKeyId: 'AKIA' }
  const lookup = async (): Promise<AccessKey> => ({ secret: credentials.secret, caller, ...key })
  const query = parseParams(http.query)
  const params = mergeParams(query, parseParams(http.body.toString('latin1')))
  const check = verifier({ lookup, clock: new FakeClock(now) })
  return await check(
    { http, query, params, claim: readClaim(http, query, params), service },
    new AbortController().signal,
  )
}

function get(params: Params, host = '127.0.0.1:8773'): HttpRequest {
  return { ...plain, method: 'GET', query: formEncode(params), body: Buffer.alloc(0), headers: [['host', host]] }
}

const target = { method: 'GET', host: '127.0.0.1:8773', path: '/' }

test('a SigV4 request may be five minutes old, or from five minutes in the future', async () => {
  const request = signV4(plain, options)
  await verify(request, minutes(5))
  await verify(request, minutes(-5))
  await expect(verify(request, minutes(5.1))).rejects.toMatchObject({ code: 'RequestExpired', status: 400 })
  await expect(verify(request, minutes(-5.1))).rejects.toMatchObject({ code: 'RequestExpired' })
})

test('STS says when a signature expired or is not yet current', async () => {
  const request = signV4(plain, { ...options, service: 'sts' })
  await expect(verify(request, minutes(6), 'sts')).rejects.toMatchObject({
    code: 'SignatureDoesNotMatch',
    message: 'Signature expired: 20140423T120000Z is now earlier than 20140423T120100Z (20140423T120600Z - 5 min.)',
  })
  await expect(verify(request, minutes(-6), 'sts')).rejects.toMatchObject({
    message:
      'Signature not yet current: 20140423T120000Z is still later than 20140423T115900Z (20140423T115400Z + 5 min.)',
  })
})

test('a presigned request lives as long as it says, and at most seven days', async () => {
  const request = presignV4(get([['Action', 'DescribeRegions']]), options, 3600)
  await verify(request, minutes(60))
  await expect(verify(request, minutes(61))).rejects.toMatchObject({ code: 'RequestExpired' })
  const week = presignV4(get([]), options, 604_801)
  await expect(verify(week, noon)).rejects.toMatchObject({ code: 'AuthFailure' })
})

test('a SigV2 Timestamp may be fifteen minutes away', async () => {
  const request = get(signV2([], target, { credentials, hash: 'sha256', at: noon }))
  await verify(request, minutes(15))
  await verify(request, minutes(-15))
  const message = 'Request has expired. Timestamp date is 2014-04-23T12:00:00Z'
  await expect(verify(request, minutes(16))).rejects.toMatchObject({ code: 'RequestExpired', message })
  await expect(verify(request, minutes(-16))).rejects.toMatchObject({ code: 'RequestExpired', message })
})

test('a SigV2 Expires ends a request, and replaces its Timestamp', async () => {
  const signed = signV2([], target, { credentials, hash: 'sha1', expires: minutes(100) })
  expect(paramOf(signed, 'Timestamp')).toBeUndefined()
  await verify(get(signed), minutes(99))
  await expect(verify(get(signed), minutes(101))).rejects.toMatchObject({ code: 'RequestExpired' })
  const both = signV2([['Timestamp', '2014-04-23T12:00:00Z']], target, {
    credentials,
    hash: 'sha1',
    expires: minutes(1),
  })
  await expect(verify(get(both), noon)).rejects.toMatchObject({ code: 'AuthFailure' })
})

test('a signature with another host than the one asked is refused, one without its port is not', async () => {
  const without = signV2([], { ...target, host: '127.0.0.1' }, { credentials, hash: 'sha256', at: noon })
  await verify(get(without), noon)
  await expect(verify(get(without, '127.0.0.2:8773'), noon)).rejects.toMatchObject({
    code: 'SignatureDoesNotMatch',
    status: 403,
  })
})

test('the port on which a request came may be signed where Host leaves it out', () => {
  expect(signedHosts({ headers: [['host', 'A']], localPort: 80 })).toEqual(['A', 'a', 'A:80', 'a:80'])
  expect(signedHosts({ headers: [['host', '[::1]:8773']], localPort: 80 })).toEqual(['[::1]:8773', '[::1]'])
})

test('a key past its life is told only to who can sign with it', async () => {
  const expires = minutes(-1)
  await expect(verify(signV4(plain, options), noon, 'ec2', { expires })).rejects.toMatchObject({
    code: 'RequestExpired',
  })
  await expect(verify(signV4(plain, options), noon, 'sts', { expires })).rejects.toMatchObject({ code: 'ExpiredToken' })
  await expect(verify(signV4(plain, options), noon, 'ec2', { expires, secret: 'x' })).rejects.toMatchObject({
    code: 'AuthFailure',
  })
})

test('a request without a signature is refused as each service refuses it', async () => {
  const message = 'The request must contain the parameter AWSAccessKeyId'
  await expect(verify(plain, noon)).rejects.toMatchObject({ code: 'MissingParameter', status: 400, message })
  await expect(verify(plain, noon, 'sts')).rejects.toMatchObject({ code: 'MissingAuthenticationToken', status: 403 })
})

test('a declared payload hash must be that of the body, unless the payload is declared unsigned', async () => {
  const declare = (hash: string): HttpRequest =>
    signV4({ ...plain, headers: [...plain.headers, ['x-amz-content-sha256', hash]] }, options)
  await verify(declare('UNSIGNED-PAYLOAD'), noon)
  await expect(verify(declare('0'.repeat(64)), noon)).rejects.toMatchObject({ code: 'AuthFailure' })
  await expect(verify(declare('STREAMING-AWS4-HMAC-SHA256-PAYLOAD'), noon)).rejects.toMatchObject({
    code: 'AuthFailure',
  })
})

test('a Host that is not signed, or a date other than the scope, is refused', async () => {
  const edit = (from: string, to: string): HttpRequest => {
    const request = signV4(plain, options)
    return { ...request, headers: request.headers.map(([name, value]) => [name, value.replace(from, to)] as const) }
  }
  await expect(verify(edit('SignedHeaders=host;', 'SignedHeaders='), noon)).rejects.toMatchObject({
    code: 'AuthFailure',
  })
  const other = edit('/20140423/', '/20140422/')
  await expect(verify(other, noon, 'sts')).rejects.toMatchObject({ code: 'IncompleteSignature' })
})

test('X-Amz-Target names the action, so it has to be signed', async () => {
  const add = (it: HttpRequest): HttpRequest => ({
    ...it,
    headers: [...it.headers, ['x-amz-target', 'AmazonSSM.GetParameter']],
  })
  await verify(signV4(add(plain), options), noon)
  await expect(verify(add(signV4(plain, options)), noon)).rejects.toMatchObject({ code: 'AuthFailure' })
  const v2 = get(signV2([], target, { credentials, hash: 'sha256', at: noon }))
  await expect(verify(add(v2), noon)).rejects.toMatchObject({ code: 'AuthFailure' })
})

test('the same parameter twice counts once, or is refused where the values differ', () => {
  expect(mergeParams([['Action', 'A']], [['Action', 'A']])).toEqual([['Action', 'A']])
  expect(() => mergeParams([['Action', 'A']], [['Action', 'B']])).toThrow('The parameter Action is given twice')
})

test.each([
  ['a=%zz', 'MalformedQueryString'],
  ['a=100%', 'MalformedQueryString'],
  ['a=%ff%fe', 'MalformedQueryString'],
  ['%c3%28=1', 'MalformedQueryString'],
  ['a=%00', 'InvalidParameterValue'],
  ['a=\u0007', 'InvalidParameterValue'],
  [`${'x'.repeat(1025)}=1`, 'UnknownParameter'],
  ['a&'.repeat(10_001), 'InvalidParameter'],
])('the form %.20s is refused with %s', (form, code) => {
  expect(() => parseParams(form)).toThrow(expect.objectContaining({ code }))
})

test('a form keeps order, spaces, empty values and raw UTF-8', () => {
  const raw = Buffer.from('b=1&a=x+y%2Bz&&c&d=é=').toString('latin1')
  expect(parseParams(raw)).toEqual([
    ['b', '1'],
    ['a', 'x y+z'],
    ['c', ''],
    ['d', 'é='],
  ])
})

test("key ids and secrets have AWS' length and alphabet", () => {
  const random = seededRandom('keys')
  expect(newUniqueId('accessKey', random)).toMatch(/^AKIA[A-Z2-7]{16}$/)
  expect(newUniqueId('temporaryKey', random)).toMatch(/^ASIA[A-Z2-7]{16}$/)
  expect(newSecret(random)).toMatch(/^[A-Za-z0-9]{40}$/)
  expect(newSecret(random)).not.toBe(newSecret(random))
})

test('a cache of keys forgets the one used longest ago', () => {
  const cache = new LruCache<number>(2)
  cache.set('a', 1)
  cache.set('b', 2)
  expect(cache.get('a')).toBe(1)
  cache.set('c', 3)
  expect([cache.get('a'), cache.get('b'), cache.get('c'), cache.length]).toEqual([1, undefined, 3, 2])
})
