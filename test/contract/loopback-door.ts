import { type Clock, systemClock } from '../../src/base/clock.ts'
import { type Log, silentLog } from '../../src/base/log.ts'
import { systemRandom } from '../../src/base/random.ts'
import { frontDoor } from '../../src/http/front-door.ts'
import { type Limits, type Listener, listen } from '../../src/http/server.ts'
import type { ApiRequest, ApiResponse, Application } from '../../src/iam/api-request.ts'
import type { AccessKey } from '../../src/iam/credentials.ts'
import { verifier } from '../../src/iam/verify.ts'
import type { ApiError } from '../../src/model/errors.ts'

export const longLived = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secret: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' }
export const temporary = {
  accessKeyId: 'ASIAIOSFODNN7EXAMPLE',
  secret: 'Temporary/K7MDENG/bPxRfiCY',
  sessionToken: 'a+b/c=',
}
export const expired = { ...temporary, accessKeyId: 'ASIAEXPIRED7EXAMPLE2' }

/** A store of three keys. */
export async function lookup(accessKeyId: string, sessionToken?: string): Promise<AccessKey | undefined> {
  const keys: { accessKeyId: string; secret: string; sessionToken?: string }[] = [longLived, temporary, expired]
  const key = keys.find((it) => it.accessKeyId === accessKeyId && it.sessionToken === sessionToken)
  const caller = {
    account: '123456789012',
    user: 'alice',
    userId: 'AIDAEXAMPLE',
    arn: 'arn:aws:iam::123456789012:user/alice',
  }
  if (!key) return undefined
  return {
    ...{ secret: key.secret, caller: { ...caller, accessKeyId } },
    ...(key === expired && { expires: new Date('2020-01-01T00:00:00Z') }),
  }
}

/** The errors of EC2 and those of the other query services. */
export function renderError(
  error: ApiError,
  { requestId, service }: { requestId: string; service: string },
): ApiResponse {
  const told = `<Code>${error.code}</Code><Message>${xmlText(error.message)}</Message>`
  const body =
    service === 'ec2'
      ? `<Response><Errors><Error>${told}</Error></Errors><RequestID>${requestId}</RequestID></Response>`
      : `<ErrorResponse><Error><Type>Sender</Type>${told}</Error><RequestId>${requestId}</RequestId></ErrorResponse>`
  return { status: error.status, headers: { 'content-type': 'text/xml;charset=UTF-8' }, body }
}

/** Answers what the tests' clients ask: regions, tags, the caller's identity. */
export const smallApplication: Application = {
  async handle({ service, action, requestId, caller, params }) {
    const parts: Record<string, string> = {
      DescribeRegions: '<regionInfo><item><regionName>us-west-2</regionName></item></regionInfo>',
      CreateTags: `<return>true</return><told>${xmlText(JSON.stringify(params))}</told>`,
      GetCallerIdentity: `<Arn>${caller.arn}</Arn><UserId>${caller.userId}</UserId><Account>${caller.account}</Account>`,
    }
    const inner = parts[action] ?? ''
    const body =
      service === 'ec2'
        ? `<${action}Response><requestId>${requestId}</requestId>${inner}</${action}Response>`
        : `<${action}Response><${action}Result>${inner}</${action}Result>` +
          `<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata></${action}Response>`
    return { status: 200, headers: { 'content-type': 'text/xml;charset=UTF-8' }, body }
  },
}

export interface LoopbackDoor extends Listener, AsyncDisposable {
  /** All that the application was asked, in order. */
  readonly asked: ApiRequest[]
}

/** A front door on a free port of 127.0.0.1 that ends with its scope. */
export async function openDoor(
  options: {
    application?: Application
    clock?: Clock
    log?: Log
    limits?: Partial<Limits>
    maxBodyBytes?: number
  } = {},
): Promise<LoopbackDoor> {
  const asked: ApiRequest[] = []
  const { application = smallApplication, clock = systemClock, log = silentLog, limits = {} } = options
  const recording: Application = {
    handle: (request, abort) => {
      asked.push(request)
      return application.handle(request, abort)
    },
  }
  const handler = frontDoor({
    ...{ application: recording, verify: verifier({ lookup, clock }), renderError, log },
    ...(options.maxBodyBytes !== undefined && { maxBodyBytes: options.maxBodyBytes }),
  })
  const at = { host: '127.0.0.1', port: 0 }
  const listener = await listen(handler, { ...at, clock: systemClock, random: systemRandom, log, limits })
  const { host, port, url } = listener
  const close = (graceMs?: number) => listener.close(graceMs)
  return { host, port, url, asked, close, [Symbol.asyncDispose]: () => close(100) }
}

function xmlText(text: string): string {
  return text.replace(/[&<>]/g, (it) => `&#${it.charCodeAt(0)};`)
}
