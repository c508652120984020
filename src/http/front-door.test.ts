import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { FakeClock } from '../base/clock.ts'
import { type Log, silentLog } from '../base/log.ts'
import type { ApiRequest, Application } from '../iam/api-request.ts'
import type { HttpRequest } from '../iam/http-request.ts'
import { formEncode, presignV4, signV2, signV4 } from '../iam/sign.ts'
import { verifier } from '../iam/verify.ts'
import { refuse } from '../model/errors.ts'
import type { Handler, RequestHead } from './exchange.ts'
import { frontDoor } from './front-door.ts'
import { withRoutes } from './routes.ts'

const at = new Date('2014-04-23T12:00:00Z')
const credentials = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secret: 'secret' }
const caller = { account: '123456789012', user: 'root', userId: '123456789012', arn: 'arn:aws:iam::123456789012:root' }

function door(application: Application, options: { log?: Log; maxBodyBytes?: number } = {}): Handler {
  const lookup = async (accessKeyId: string) =>
    accessKeyId === credentials.accessKeyId
      ? { secret: credentials.secret, caller: { ...caller, accessKeyId } }
      : undefined
  return frontDoor({
    ...{ application, log: silentLog, verify: verifier({ lookup, clock: new FakeClock(at) }), ...options },
    renderError: (error, context) => ({ status: error.status, body: JSON.stringify({ ...context, code: error.code }) }),
  })
}

/** An application that keeps what it was asked. */
function recorder(): Application & { asked: ApiRequest[] } {
  const asked: ApiRequest[] = []
  return {
    asked,
    async handle(request) {
      asked.push(request)
      return { status: 200, body: request.action }
    },
  }
}

function ask(handler: Handler, request: HttpRequest, abort = new AbortController().signal) {
  const head: RequestHead = {
    ...{ requestId: 'id', method: request.method, path: request.path, query: request.query, headers: request.headers },
    ...{ remoteAddress: '127.0.0.1', localPort: 8773, secure: false, receivedAt: at },
  }
  return handler(head, Readable.from(request.body.length > 0 ? [request.body] : []), abort)
}

const post = (body: string, path = '/', more: HttpRequest['headers'] = []): HttpRequest => ({
  ...{ method: 'POST', path, query: '', body: Buffer.from(body) },
  headers: [['host', '127.0.0.1:8773'], ...more],
})
const signed = (request: HttpRequest, service = 'ec2') => signV4(request, { credentials, region: '0', service, at })

test('query string and form body are merged, and the signature is not among the parameters', async () => {
  const application = recorder()
  const request = { ...post('InstanceId.1=i-1'), query: 'Action=DescribeInstances&Version=2014-02-01' }
  await ask(door(application), presignV4(request, { credentials, region: '0', service: '127', at }, 60))
  expect(application.asked).toMatchObject([
    { action: 'DescribeInstances', version: '2014-02-01', service: 'ec2', params: [['InstanceId.1', 'i-1']], caller },
  ])
})

test('what is not signed never reaches the application', async () => {
  const application = recorder()
  const answer = await ask(door(application), post('Action=DescribeInstances&Version=2014-02-01'))
  expect(answer).toMatchObject({ status: 400, logged: { code: 'MissingParameter', why: 'missing' } })
  expect(JSON.parse(String(answer.body))).toMatchObject({ service: 'ec2', version: '2014-02-01', requestId: 'id' })
  expect(application.asked).toEqual([])
})

test.each([
  ['/', 'ec2', 'Version=2016-11-15', 'ec2'],
  ['/', '127', 'Version=2016-11-15', 'ec2'],
  ['/', '127', 'Version=2011-06-15', 'sts'],
  ['/', 'sts', 'Version=2011-06-15', 'sts'],
  ['/', 'iam', '', 'iam'],
  ['/', 'constructor', 'Version=toString', 'ec2'],
  ['/services/Euare/', '127', 'Version=2010-05-08', 'iam'],
  ['/services/Tokens', 'ec2', '', 'sts'],
  ['/services/Eucalyptus', 'eucalyptus', '', 'ec2'],
  ['/services/compute/', 'compute', '', 'ec2'],
])('a request at %s in the scope of %s with %s is for %s', async (path, scope, version, service) => {
  const application = recorder()
  await ask(door(application), signed(post(`Action=A&${version}`, path), scope))
  expect(application.asked).toMatchObject([{ service }])
})

test('what the access log keeps of a caller’s own words is short', async () => {
  const long = 'x'.repeat(100_000)
  const unsigned = await ask(door(recorder()), post(`Action=${long}&Version=${long}`))
  expect(JSON.stringify(unsigned.logged).length).toBeLessThan(1000)
  const served = await ask(door(recorder()), signed(post(`Action=${long}&Version=${long}`)))
  expect(JSON.stringify(served.logged).length).toBeLessThan(1000)
})

test('X-Amz-Target is an action whose input is the body', async () => {
  const application = recorder()
  const body = '{"Name":"/aws/service/debian/100%"}'
  await ask(door(application), signed(post(body, '/', [['x-amz-target', 'AmazonSSM.GetParameter']]), 'ssm'))
  expect(application.asked).toMatchObject([{ service: 'ssm', action: 'GetParameter', protocol: 'json', params: [] }])
  expect(String(application.asked[0]?.body)).toBe(body)
})

test('a service without actions by name is said not to be served, not to lack an action', async () => {
  const answer = await ask(door(recorder()), signed({ ...post(''), method: 'GET' }, 's3'))
  expect(answer).toMatchObject({ status: 400, logged: { code: 'UnsupportedOperation', service: 's3' } })
})

test('SigV2 in a form is let in, its own parameters taken out', async () => {
  const application = recorder()
  const target = { method: 'POST', host: '127.0.0.1', path: '/services/Eucalyptus/' }
  const form = signV2(
    [
      ['Action', 'DescribeImages'],
      ['Owner.1', 'self'],
    ],
    target,
    { credentials, hash: 'sha1', at },
  )
  await ask(door(application), post(formEncode(form), target.path))
  expect(application.asked).toMatchObject([
    { params: [['Owner.1', 'self']], version: '', signature: { scheme: 'sigv2' } },
  ])
})

test.each([
  ['no action', signed(post('Version=2016-11-15')), 400, 'MissingAction'],
  ['broken percent-encoding', signed(post('Action=A&a=%f')), 404, 'MalformedQueryString'],
  ['bytes that are not UTF-8', signed(post('Action=A&a=%ff')), 404, 'MalformedQueryString'],
  ['another method', { ...post(''), method: 'DELETE' }, 405, 'MethodNotAllowed'],
  ['a body over the limit', post('x'.repeat(2000)), 413, 'RequestEntityTooLarge'],
])('%s is refused', async (_, request, status, code) => {
  const application = recorder()
  const answer = await ask(door(application, { maxBodyBytes: 1000 }), request)
  expect(answer).toMatchObject({ status, logged: { code } })
  expect(application.asked).toEqual([])
})

test('what the application refuses is rendered; what it breaks is an InternalError that the log explains', async () => {
  const errors: unknown[] = []
  const log: Log = { ...silentLog, error: (fields: unknown) => void errors.push(fields), child: () => log }
  const application: Application = {
    handle: async ({ action }) =>
      action === 'Refuse' ? refuse('InvalidAction', { action }) : Promise.reject(new Error('why')),
  }
  const handler = door(application, { log })
  expect(await ask(handler, signed(post('Action=Refuse')))).toMatchObject({
    status: 400,
    logged: { code: 'InvalidAction' },
  })
  expect(errors).toEqual([])
  const broken = await ask(handler, signed(post('Action=Break')))
  expect(broken).toMatchObject({ status: 500, logged: { code: 'InternalError', account: caller.account } })
  expect(broken.body).not.toContain('why')
  expect(errors).toMatchObject([{ requestId: 'id', err: { message: 'why' } }])
})

test('when the client has gone, its abort is no fault of ours', async () => {
  const errors: unknown[] = []
  const log: Log = { ...silentLog, error: (fields: unknown) => void errors.push(fields), child: () => log }
  const gone = new AbortController()
  const application: Application = {
    handle: async (_, abort) => {
      gone.abort(new Error('the client went away'))
      abort.throwIfAborted()
      return { status: 200, body: '' }
    },
  }
  expect(await ask(door(application, { log }), signed(post('Action=A')), gone.signal)).toMatchObject({ status: 499 })
  expect(errors).toEqual([])
})

test('a route is served to this machine alone unless it is open', async () => {
  const says =
    (body: string): Handler =>
    async () => ({ status: 200, body })
  const routes = withRoutes(
    [
      { method: 'GET', path: '/-/status', handle: says('status') },
      { method: 'GET', path: '/console/*', open: true, handle: says('console') },
    ],
    says('api'),
  )
  const from = async (remoteAddress: string, host: string, path: string, method = 'GET') => {
    const head = {
      requestId: '',
      query: '',
      localPort: 1,
      secure: false,
      receivedAt: at,
      headers: [['host', host]] as const,
    }
    const answer = await routes(
      { ...head, remoteAddress, path, method },
      Readable.from([]),
      new AbortController().signal,
    )
    return answer.body
  }
  expect(await from('127.0.0.1', '127.0.0.1:8773', '/-/status')).toBe('status')
  expect(await from('::ffff:127.0.0.1', 'localhost:8773', '/-/status', 'HEAD')).toBe('status')
  expect(await from('127.0.0.1', 'evil.example', '/-/status')).toBe('api')
  expect(await from('127.0.0.1', '127.0.0.1.evil.example', '/-/status')).toBe('api')
  expect(await from('192.0.2.1', 'localhost', '/-/status')).toBe('api')
  expect(await from('127.0.0.1', 'localhost', '/-/status', 'POST')).toBe('api')
  expect(await from('192.0.2.1', 'evil.example', '/console/index.html')).toBe('console')
})
