import type { Readable } from 'node:stream'
import { messageOf } from '../base/fault.ts'
import type { Log } from '../base/log.ts'
import type { ApiRequest, ApiResponse, Application } from '../iam/api-request.ts'
import { readClaim, signatureParams } from '../iam/claim.ts'
import { headerOf } from '../iam/http-request.ts'
import { defaultParamLimits, mergeParams, type ParamLimits, paramOf, parseParams } from '../iam/params.ts'
import type { SignedRequest, Verified, Verify } from '../iam/verify.ts'
import { ApiError, refuse } from '../model/errors.ts'
import type { Handler, HttpResponse, RequestHead } from './exchange.ts'
import { BodyCutShort, readBody } from './read-body.ts'
import { serviceByPath, serviceOf } from './service.ts'

/** What is known of a request when its error has to be rendered; as much as was understood until then. */
export interface ErrorContext {
  readonly requestId: string
  readonly service: string
  /** Empty where none was given or understood. */
  readonly version: string
  readonly protocol: ApiRequest['protocol']
}

export interface FrontDoorOptions {
  readonly application: Application
  readonly verify: Verify
  /** Renders errors in the form of the service asked. */
  readonly renderError: (error: ApiError, context: ErrorContext) => ApiResponse
  readonly log: Log
  /** Default 1 MiB. */
  readonly maxBodyBytes?: number
  readonly paramLimits?: ParamLimits
}

/** What the access log says of a call. */
type Told = { service: string; version: string; protocol: ApiRequest['protocol']; [field: string]: unknown }

/**
 * The way of every API call: parse, verify, dispatch, render. A request whose signature was not verified never reaches the
 * application; an error of any of the steps is rendered as the service asked would render it.
 */
export function frontDoor(options: FrontDoorOptions): Handler {
  return async (head, stream, abort) => {
    const told: Told = { service: serviceByPath(head.path) ?? 'ec2', version: '', protocol: 'query' }
    try {
      const parsed = await parse(head, stream, options, told, abort)
      const verified = await options.verify(parsed, abort)
      const request = apiRequest(head, parsed, verified)
      Object.assign(told, { action: request.action, account: request.caller.account, user: request.caller.user })
      return withFields(await options.application.handle(request, abort), told)
    } catch (thrown) {
      return refused(thrown, head, told, options, abort)
    }
  }
}

const methods = new Set(['GET', 'HEAD', 'POST'])

async function parse(
  head: RequestHead,
  stream: Readable,
  options: FrontDoorOptions,
  told: Told,
  abort: AbortSignal,
): Promise<SignedRequest> {
  if (!methods.has(head.method)) refuse('MethodNotAllowed', { method: head.method })
  const http = { ...head, body: await readBody(stream, options.maxBodyBytes ?? 1 << 20, abort) }
  const limits = options.paramLimits ?? defaultParamLimits
  told.protocol = headerOf(head, 'x-amz-target') === undefined ? 'query' : 'json'
  const query = parseParams(head.query, limits)
  const form = told.protocol === 'json' ? [] : parseParams(http.body.toString('latin1'), limits)
  const params = mergeParams(query, form, limits)
  const claim = readClaim(http, query, params)
  told.service = serviceOf(head.path, claim, params)
  told.version = paramOf(params, 'Version') ?? ''
  return { http, query, params, claim, service: told.service }
}

const apartFrom = (scheme: keyof typeof signatureParams) =>
  new Set<string>(['Action', 'Version', ...signatureParams[scheme]])
/** Parameters that are no input of an action, by how a request is signed. */
const notTheAction = {
  sigv4: apartFrom('sigv4'),
  'sigv4-presigned': apartFrom('sigv4-presigned'),
  sigv2: apartFrom('sigv2'),
} as const

function apiRequest(head: RequestHead, parsed: SignedRequest, verified: Verified): ApiRequest {
  const target = headerOf(head, 'x-amz-target')
  const action = target === undefined ? paramOf(parsed.params, 'Action') : target.split('.').at(-1)
  if (!action) refuseWithoutAction(parsed.service)
  const apart = notTheAction[verified.signature.scheme]
  return {
    ...{ requestId: head.requestId, service: parsed.service, action, ...verified },
    version: paramOf(parsed.params, 'Version') ?? '',
    protocol: target === undefined ? 'query' : 'json',
    params: parsed.params.filter(([name]) => !apart.has(name)),
    body: parsed.http.body,
    receivedAt: head.receivedAt,
    client: {
      address: head.remoteAddress,
      userAgent: headerOf(head, 'user-agent') ?? '',
      host: headerOf(head, 'host') ?? '',
      secure: head.secure,
    },
  }
}

/** S3 is asked by method and path. Nothing here speaks that yet: an action is not what its client forgot. */
function refuseWithoutAction(service: string): never {
  if (service === 's3') refuse('UnsupportedOperation', { message: 's3 is not served by this cloud.' })
  refuse('MissingAction')
}

function refused(
  thrown: unknown,
  head: RequestHead,
  told: Told,
  options: FrontDoorOptions,
  abort: AbortSignal,
): HttpResponse {
  // Nobody is there to read it. 499 is what nginx logs then.
  if (thrown instanceof BodyCutShort || (abort.aborted && !(thrown instanceof ApiError)))
    return { status: 499, body: '', logged: told }
  const error = thrown instanceof ApiError ? thrown : new ApiError('InternalError', {})
  if (error !== thrown) options.log.error({ requestId: head.requestId, err: thrown }, messageOf(thrown))
  const response = options.renderError(error, { requestId: head.requestId, ...told })
  const why = error.cause === undefined ? {} : { why: messageOf(error.cause) }
  const allow = error.code === 'MethodNotAllowed' ? { allow: [...methods].join(', ') } : {}
  return withFields({ ...response, headers: { ...allow, ...response.headers } }, { ...told, code: error.code, ...why })
}

/** What callers say of themselves, whoever they are, may fill a request, but not our log. */
const longestLogged = 128

function withFields(response: ApiResponse, fields: Readonly<Record<string, unknown>>): HttpResponse {
  const logged: Record<string, unknown> = { ...fields }
  for (const name in logged) {
    const value = logged[name]
    if (typeof value === 'string' && value.length > longestLogged) logged[name] = value.slice(0, longestLogged)
  }
  return { ...response, logged }
}
