import { expect, test } from 'vitest'
import { seededRandom } from '../../base/random.ts'
import type { MetadataSpec } from '../../host-api/spec.ts'
import { type Ask, answer, type Guest } from './answer.ts'
import { tokensOf } from './tokens.ts'

const tokens = tokensOf(Buffer.alloc(32, 1), seededRandom('answer'))
const at = { now: new Date('2026-01-01T12:00:00Z'), changed: new Date('2026-01-01T00:00:00Z') }
const guestWith = (over: Partial<MetadataSpec> = {}): Guest => ({
  id: 'eni-1',
  metadata: { enabled: true, tokens: 'optional', hopLimit: 1, tree: { 'meta-data': { 'ami-id': 'ami-ü' } }, ...over },
})
const ask = (target: string, over: Partial<Ask> = {}): Ask => ({ method: 'GET', target, headers: {}, ...over })
const put = (headers: Ask['headers']) => ask('/latest/api/token', { method: 'PUT', headers })
const ttl = 'x-aws-ec2-metadata-token-ttl-seconds'
const statusOf = (it: Ask, guest = guestWith()) => answer(it, guest, tokens, at).status

test('a file is text with its length, a tag and a date', () => {
  const { status, headers, body } = answer(ask('/latest/meta-data/ami-id'), guestWith(), tokens, at)
  expect([status, body.toString()]).toEqual([200, 'ami-ü'])
  expect(headers).toMatchObject({ 'Content-Type': 'text/plain', 'Last-Modified': 'Thu, 01 Jan 2026 00:00:00 GMT' })
  expect(headers.ETag).toMatch(/^"[0-9a-f]{16}"$/)
})

test('user data are octets, unchanged', () => {
  const userData = Buffer.from([0x1f, 0x8b, 0, 0xff]).toString('base64')
  const { headers, body } = answer(ask('/latest/user-data'), guestWith({ userData }), tokens, at)
  expect(headers['Content-Type']).toBe('application/octet-stream')
  expect(body).toEqual(Buffer.from([0x1f, 0x8b, 0, 0xff]))
})

test('what is not there is answered with the page of EC2', () => {
  const { status, body } = answer(ask('/latest/meta-data/none'), guestWith(), tokens, at)
  expect(status).toBe(404)
  expect(body).toContain('<title>404 - Not Found</title>')
})

test('a directory without its slash sends the client on', () => {
  const { status, headers } = answer(ask('/latest/meta-data', { headers: { host: 'a.b:81' } }), guestWith(), tokens, at)
  expect([status, headers.Location]).toEqual([301, 'http://a.b:81/latest/meta-data/'])
  const odd = answer(ask('/latest/meta-data', { headers: { host: 'x y' } }), guestWith(), tokens, at)
  expect(odd.headers.Location).toBe('http://169.254.169.254/latest/meta-data/')
})

test('queries, escapes and the absolute form are understood, bad escapes refused', () => {
  expect(statusOf(ask('/latest/meta-data/ami-id?x=/'))).toBe(200)
  expect(statusOf(ask('/latest/meta-data/ami%2did'))).toBe(200)
  expect(statusOf(ask('http://169.254.169.254/latest/meta-data/ami-id'))).toBe(200)
  expect(statusOf(ask('/latest/%ff'))).toBe(400)
  expect(statusOf(ask('*'))).toBe(400)
})

test.each(['1', '21600'])('a token is given for %s seconds', (seconds) => {
  const { status, headers, body } = answer(put({ [ttl]: seconds }), guestWith(), tokens, at)
  expect([status, headers['X-Aws-Ec2-Metadata-Token-Ttl-Seconds']]).toEqual([200, seconds])
  expect(Object.keys(headers)[0]).toBe('X-Aws-Ec2-Metadata-Token-Ttl-Seconds')
  const token = { headers: { 'x-aws-ec2-metadata-token': body.toString() } }
  const read = answer(ask('/latest/meta-data/ami-id', token), guestWith({ tokens: 'required' }), tokens, at)
  expect([read.status, read.headers['X-Aws-Ec2-Metadata-Token-Ttl-Seconds']]).toEqual([200, seconds])
})

test.each([undefined, '', '0', '21601', '-1', '1.5', '60s', '99999999'])(
  'no token is given for %s seconds',
  (seconds) => {
    expect(statusOf(put({ [ttl]: seconds }))).toBe(400)
  },
)

test('a forwarded request for a token is forbidden', () => {
  expect(statusOf(put({ [ttl]: '60', 'x-forwarded-for': '10.0.0.1' }))).toBe(403)
})

test('where tokens are required, version 1 is unauthorized, whether the path exists or not', () => {
  const required = guestWith({ tokens: 'required' })
  expect(statusOf(ask('/latest/meta-data/ami-id'), required)).toBe(401)
  expect(statusOf(ask('/latest/meta-data/none'), required)).toBe(401)
  expect(statusOf(put({ [ttl]: '60' }), required)).toBe(200)
})

test('a token that does not hold is refused even where none is needed', () => {
  const stranger = tokens.mint('eni-2', 60, at.now)
  const old = tokens.mint('eni-1', 60, new Date(at.now.getTime() - 60_000))
  for (const token of ['', 'x', stranger, old]) {
    expect(statusOf(ask('/latest/meta-data/ami-id', { headers: { 'x-aws-ec2-metadata-token': token } }))).toBe(401)
  }
})

test('a disabled service forbids everything', () => {
  const disabled = guestWith({ enabled: false })
  expect(statusOf(ask('/latest/meta-data/ami-id'), disabled)).toBe(403)
  expect(statusOf(put({ [ttl]: '60' }), disabled)).toBe(403)
})

test('nothing is written: other methods are named what is allowed', () => {
  const post = answer(ask('/latest/meta-data/ami-id', { method: 'POST' }), guestWith(), tokens, at)
  expect([post.status, post.headers.Allow]).toEqual([405, 'OPTIONS, GET, HEAD'])
  const get = answer(ask('/latest/api/token'), guestWith(), tokens, at)
  expect([get.status, get.headers.Allow]).toEqual([405, 'OPTIONS, PUT'])
  expect(statusOf(ask('/latest/meta-data/ami-id', { method: 'HEAD' }))).toBe(200)
  expect(statusOf(ask('/latest/meta-data/ami-id', { method: 'OPTIONS' }))).toBe(200)
})
