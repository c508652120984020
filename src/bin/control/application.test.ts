import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { ApiError } from '../../model/errors.ts'
import { openCodec } from '../../query/codec.ts'
import { errorRenderer } from './application.ts'

const cache = await mkdtemp(join(tmpdir(), 'cumulet-application-'))
afterAll(() => rm(cache, { recursive: true, force: true }))
const render = errorRenderer({ ec2: await openCodec('ec2', cache), sts: await openCodec('sts', cache) })
const error = new ApiError('UnsupportedOperation', { message: 'a <thing> is not served' })

test('an error of S3 has the form that clients of S3 read', () => {
  const { status, body } = render(error, { requestId: 'id-1', service: 's3', version: '', protocol: 'query' })
  expect(status).toBe(400)
  expect(body).toMatch(/<Error><Code>UnsupportedOperation<\/Code><Message>a &lt;thing&gt; is not served<\/Message>/)
  expect(body).toMatch(/^<\?xml[^>]*>\s*<Error>.*<RequestId>id-1<\/RequestId><\/Error>$/s)
})

test('a call in JSON is refused in JSON', () => {
  const { headers, body } = render(error, { requestId: 'id-1', service: 'ssm', version: '', protocol: 'json' })
  expect(headers).toMatchObject({ 'content-type': 'application/x-amz-json-1.1' })
  expect(JSON.parse(String(body))).toEqual({ __type: 'UnsupportedOperation', message: 'a <thing> is not served' })
})

test('every other service is refused as EC2 refuses', () => {
  const { body } = render(error, { requestId: 'id-1', service: 'ec2', version: '', protocol: 'query' })
  expect(body).toContain('<Response><Errors><Error><Code>UnsupportedOperation</Code>')
})
