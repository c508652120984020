/** The services of this cloud behind the front door: each has its codec and its actions, all stand on one world. */
import type { Context, View } from '../../ec2/action.ts'
import { groundFor, type World } from '../../ec2/ground.ts'
import { ec2Actions } from '../../ec2/index.ts'
import type { ErrorContext } from '../../http/front-door.ts'
import type { ApiRequest, ApiResponse, Application } from '../../iam/api-request.ts'
import { type ApiError, refuse } from '../../model/errors.ts'
import type { Codec } from '../../query/codec.ts'
import { Dispatcher } from '../../query/dispatch.ts'
import type { Pager } from '../../query/paging.ts'
import { escapeText } from '../../query/xml.ts'
import { stsActions } from '../../sts/index.ts'
import { traced } from './traced.ts'

export interface Codecs {
  readonly ec2: Codec
  readonly sts: Codec
}

/** What a version is where the caller gave none. Source: EC2 API Reference, the newest version; STS API Reference. */
const newestVersions = { ec2: '2016-11-15', sts: '2011-06-15' } as const
type ServiceName = keyof typeof newestVersions

export function application(world: World, codecs: Codecs, pager: Pager): Application {
  const services: Readonly<Record<ServiceName, Dispatcher<Context, View>>> = {
    ec2: new Dispatcher({ actions: ec2Actions, codec: codecs.ec2, pager }),
    sts: new Dispatcher({ actions: stsActions, codec: codecs.sts, pager }),
  }
  return {
    async handle(request: ApiRequest, abort: AbortSignal): Promise<ApiResponse> {
      const { service, action, requestId, params } = request
      if (!isServed(service) || request.protocol !== 'query')
        refuse('UnsupportedOperation', { message: `${service}:${action} is not served by this cloud.` })
      const call = { operation: action, version: versionOf(service, request.version), requestId, params }
      const body = await traced(request, world.log, (launched) =>
        services[service].dispatch(call, groundFor(world, request.caller, launched), abort),
      )
      return { status: 200, headers: xml, body }
    },
  }
}

/**
 * Errors as the service asked renders them; as EC2 does where it is none of ours, except where its clients could not read that.
 * Source: Amazon S3 API Reference, "REST error responses"; Smithy, "AWS JSON 1.1 protocol", error responses.
 */
export function errorRenderer(codecs: Codecs): (error: ApiError, context: ErrorContext) => ApiResponse {
  return (error, { service, requestId, protocol }) => {
    const { code, message, status } = error
    if (protocol === 'json') return { status, headers: json, body: JSON.stringify({ __type: code, message }) }
    if (service === 's3') return { status, headers: xml, body: s3Error(error, requestId) }
    const codec = codecs[isServed(service) ? service : 'ec2']
    return { status, headers: xml, body: codec.encodeError({ code, message, requestId, status }) }
  }
}

function s3Error({ code, message }: ApiError, requestId: string): string {
  const parts = { Code: code, Message: message, RequestId: requestId }
  const elements = Object.entries(parts).map(([name, text]) => `<${name}>${escapeText(text)}</${name}>`)
  return `<?xml version="1.0" encoding="UTF-8"?>\n<Error>${elements.join('')}</Error>`
}

const json = { 'content-type': 'application/x-amz-json-1.1' }
const xml = { 'content-type': 'text/xml;charset=UTF-8' }

function isServed(service: string): service is ServiceName {
  return Object.hasOwn(newestVersions, service)
}

/** Any date is taken: an answer is in the namespace of the version that was asked for. */
function versionOf(service: ServiceName, asked: string): string {
  if (asked === '') return newestVersions[service]
  return /^\d{4}-\d{2}-\d{2}$/.test(asked) ? asked : refuse('NoSuchVersion', { version: asked })
}
