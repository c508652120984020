import { expect, test } from 'vitest'
import { FakeClock } from '../base/clock.ts'
import { readClaim } from './claim.ts'
import type { AccessKey } from './credentials.ts'
import type { HttpRequest } from './http-request.ts'
import { mergeParams, parseParams } from './params.ts'
import { normalizePath, signingKey } from './sigv4.ts'
import { verifier } from './verify.ts'

const suiteSecret = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY'
const docSecret = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'

/** Verifies `request` at `at` with a store that knows one key. */
async function verify(request: HttpRequest, secret: string, at: string) {
  const query = parseParams(request.query)
  const params = mergeParams(query, parseParams(request.body.toString('latin1')))
  const caller = {
    account: '123456789012',
    user: 'root',
    userId: '123456789012',
    arn: 'arn:aws:iam::123456789012:root',
  }
  const lookup = async (accessKeyId: string): Promise<AccessKey> => ({ secret, caller: { ...caller, accessKeyId } })
  const check = verifier({ lookup, clock: new FakeClock(new Date(at)) })
  const claim = readClaim(request, query, params)
  return await check({ http: request, query, params, claim, service: 'test' }, new AbortController().signal)
}

function suite(
  method: string,
  path: string,
  query: string,
  signature: string,
  more: Partial<Vector> = {},
): HttpRequest {
  const extra = more.headers ?? []
  const signed = ['host', 'x-amz-date', ...extra.map(([name]) => name)].sort()
  return {
    ...{ method, path, query, body: Buffer.from(more.body ?? '') },
    headers: [
      ['host', 'example.amazonaws.com'],
      ['x-amz-date', '20150830T123600Z'],
      ...extra,
      [
        'authorization',
        'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, ' +
          `SignedHeaders=${[...new Set(signed)].join(';')}, Signature=${signature}`,
      ],
    ],
  }
}

interface Vector {
  headers: [string, string][]
  body: string
}

// Source: AWS Signature Version 4 Test Suite (aws-sig-v4-test-suite), all at 2015-08-30T12:36:00Z.
const vectors: [name: string, HttpRequest][] = [
  ['get-vanilla', suite('GET', '/', '', '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31')],
  [
    'get-vanilla-query-order-key-case',
    suite(
      'GET',
      '/',
      'Param2=value2&Param1=value1',
      'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
    ),
  ],
  [
    'get-relative-relative',
    suite('GET', '/example1/example2/../..', '', '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'),
  ],
  ['get-slash', suite('GET', '//', '', '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31')],
  [
    'get-utf8',
    suite(
      'GET',
      Buffer.from('/ሴ').toString('latin1'),
      '',
      '8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85',
    ),
  ],
  ['post-vanilla', suite('POST', '/', '', '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b')],
  [
    'post-x-www-form-urlencoded',
    suite('POST', '/', '', 'ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a', {
      headers: [['content-type', 'application/x-www-form-urlencoded']],
      body: 'Param1=value1',
    }),
  ],
  [
    'get-header-value-multiline order of equal headers',
    suite('GET', '/', '', '08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01', {
      headers: [
        ['my-header1', 'value4'],
        ['my-header1', 'value1'],
        ['my-header1', 'value3'],
        ['my-header1', 'value2'],
      ],
    }),
  ],
  [
    'get-header-value-trim',
    suite('GET', '/', '', 'acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736', {
      headers: [
        ['my-header1', ' value1'],
        ['my-header2', ' "a   b   c"'],
      ],
    }),
  ],
]

test.each(vectors)('the official vector %s is verified', async (_, request) => {
  const { signature } = await verify(request, suiteSecret, '2015-08-30T12:36:00Z')
  expect(signature.scope).toEqual({ date: '20150830', region: 'us-east-1', service: 'service' })
})

test.each(vectors)('the official vector %s is refused with another secret', async (_, request) => {
  await expect(verify(request, docSecret, '2015-08-30T12:36:00Z')).rejects.toMatchObject({
    code: 'SignatureDoesNotMatch',
  })
})

test("the user guide's ListUsers example is verified", async () => {
  const request: HttpRequest = {
    ...{ method: 'GET', path: '/', query: 'Action=ListUsers&Version=2010-05-08', body: Buffer.alloc(0) },
    headers: [
      ['content-type', 'application/x-www-form-urlencoded; charset=utf-8'],
      ['host', 'iam.amazonaws.com'],
      ['x-amz-date', '20150830T123600Z'],
      [
        'authorization',
        'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, ' +
          'SignedHeaders=content-type;host;x-amz-date, ' +
          'Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7',
      ],
    ],
  }
  expect((await verify(request, suiteSecret, '2015-08-30T12:36:30Z')).caller.accessKeyId).toBe('AKIDEXAMPLE')
})

test("the user guide's signing key is derived", () => {
  const key = signingKey(suiteSecret, { date: '20150830', region: 'us-east-1', service: 'iam' })
  expect(key.toString('hex')).toBe('c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9')
})

test('the vector of the first test suite is verified, which has a Date header alone', async () => {
  const request: HttpRequest = {
    ...{ method: 'GET', path: '/', query: '', body: Buffer.alloc(0) },
    headers: [
      ['date', 'Mon, 09 Sep 2011 23:36:00 GMT'],
      ['host', 'host.foo.com'],
      [
        'authorization',
        'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20110909/us-east-1/host/aws4_request, SignedHeaders=date;host, ' +
          'Signature=b27ccfbfa7df52a200ff74193ca6e32d4b48b8856fab7ebf1c595d0670a7e470',
      ],
    ],
  }
  expect((await verify(request, suiteSecret, '2011-09-09T23:37:00Z')).signature.scheme).toBe('sigv4')
})

test("S3's presigned example is verified, its payload not being signed", async () => {
  const request: HttpRequest = {
    ...{ method: 'GET', path: '/test.txt', body: Buffer.alloc(0) },
    query:
      'X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request' +
      '&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host' +
      '&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404',
    headers: [['host', 'examplebucket.s3.amazonaws.com']],
  }
  expect((await verify(request, docSecret, '2013-05-24T23:59:59Z')).signature.scheme).toBe('sigv4-presigned')
  await expect(verify(request, docSecret, '2013-05-25T00:00:01Z')).rejects.toThrow('Signature expired')
})

test("the general reference's SigV2 example is verified", async () => {
  const request: HttpRequest = {
    ...{ method: 'GET', path: '/', body: Buffer.alloc(0) },
    query:
      'AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&Action=DescribeJobFlows&SignatureMethod=HmacSHA256&SignatureVersion=2' +
      '&Timestamp=2011-10-03T15%3A19%3A30&Version=2009-03-31&Signature=i91nKc4PWAt0JJIdXwz9HxZCJDdiy6cf%2FMj6vPxyYIs%3D',
    headers: [['host', 'elasticmapreduce.amazonaws.com']],
  }
  expect((await verify(request, docSecret, '2011-10-03T15:20:00Z')).signature.scheme).toBe('sigv2')
})

test.each([
  ['/', '/'],
  ['', '/'],
  ['//', '/'],
  ['/./a/../b//c/', '/b/c/'],
  ['/a/..', '/'],
  ['/../../a', '/a'],
  ['/a/.', '/a/'],
])('the path %s is normalised to %s', (path, normal) => {
  expect(normalizePath(path)).toBe(normal)
})
