/**
 * The codec of a service: every operation that the official model knows, from the parameters of a request to its input,
 * and from its output to XML. Made from the model, operation by operation when each is first used.
 */
import { Fault } from '../base/fault.ts'
import { refuse } from '../model/errors.ts'
import { Decoders } from './decode.ts'
import { Encoders } from './encode.ts'
import { withEucalyptus } from './model/eucalyptus.ts'
import { loadModel } from './model/load.ts'
import type { MemberRow, OperationRow, Service, Snapshot, StructRow } from './model/snapshot.ts'
import { plant } from './slots.ts'
import { escapeAttribute, escapeText } from './xml.ts'

export interface Codec {
  /** All operations of the service, served or not. */
  readonly operations: ReadonlyMap<string, Operation>
  /**
   * The input of `operation`, with all that the model requires; enumerations are not checked, and the front door's own
   * parameters (Action, Version, the signature) are passed over. Refuses: UnknownParameter, MissingParameter,
   * InvalidParameterValue, InvalidParameter, InvalidAction.
   */
  decode(operation: string, params: Iterable<readonly [string, string]>): object
  /** The answer's XML, in the namespace of the version that the caller asked for. Members that are undefined are left out. */
  encode(operation: string, output: object | undefined, call: Asked): string
  /** The same in two parts: what is before the id of the request, and what is behind it. */
  encodeAround(operation: string, output: object | undefined, version: string): readonly [string, string]
  encodeError(error: Refusal): string
}

/** The members of an operation's input and output, by the names that the SDK gives them. */
export interface Operation {
  readonly name: string
  readonly accepts: readonly string[]
  readonly requires: readonly string[]
  readonly answers: readonly string[]
}

/** What an answer repeats of the request. */
export interface Asked {
  readonly requestId: string
  /** A date: `2016-11-15`. */
  readonly version: string
}

export interface Refusal {
  readonly code: string
  readonly message: string
  readonly requestId: string
  /** The HTTP status. From 500 on the fault is ours, and STS says so. */
  readonly status?: number
}

/** The codec of `service`. Its model's snapshot is kept in `cacheDir`: see `loadModel`. */
export async function openCodec(service: Service, cacheDir: string, abort?: AbortSignal): Promise<Codec> {
  const model = await loadModel(service, cacheDir, abort)
  return codecOf(service, service === 'ec2' ? withEucalyptus(model) : model)
}

/** The codec of `service` from a snapshot of its model. */
export function codecOf(service: Service, model: Snapshot): Codec {
  const decoders = new Decoders(service, model.shapes)
  const encoders = new Encoders(model.shapes)
  const rows = new Map(Object.entries(model.operations))
  const flavour = flavours[service]
  const encodeAround: Codec['encodeAround'] = (operation, output, version) => {
    const row = rows.get(operation)
    if (!row) throw new Fault(`${service} has no operation ${operation}`)
    const body = row[1] < 0 ? undefined : encoders.of(row[1])((output ?? {}) as never)
    return flavour.answer(operation, body, version)
  }
  return {
    operations: new Map([...rows].map(([name, row]) => [name, operationOf(name, row, model)])),
    decode(operation, params) {
      const [input] = rows.get(operation) ?? refuse('InvalidAction', { action: operation })
      const top = plant(decoders.of(input), params, skipFor(operation))
      return top.decoder.read(top) as object
    },
    encode: (operation, output, { version, requestId }) =>
      encodeAround(operation, output, version).join(escapeText(requestId)),
    encodeAround,
    encodeError: (refusal) => flavour.error(refusal),
  }
}

function operationOf(name: string, [input, output]: OperationRow, { shapes }: Snapshot): Operation {
  const [, required, accepts] = structureAt(shapes, input)
  const [, , answers] = structureAt(shapes, output)
  const namesOf = (rows: readonly MemberRow[]) => rows.map(([member]) => member)
  return {
    name,
    get accepts() {
      return namesOf(accepts)
    },
    get requires() {
      return namesOf(accepts.slice(0, required))
    },
    get answers() {
      return namesOf(answers)
    },
  }
}

/** The structure of this number; an empty one for an operation that has none. */
function structureAt(shapes: Snapshot['shapes'], id: number): StructRow {
  const row = shapes[id]
  return typeof row === 'object' && row[0] === 'struct' ? row : ['struct', 0, []]
}

/** Parameters of the front door. Source: EC2 API Reference, "Common query parameters". No operation has members of these names. */
const frontDoor: ReadonlySet<string> = new Set([
  'Action',
  'Version',
  'AWSAccessKeyId',
  'Signature',
  'SignatureMethod',
  'SignatureVersion',
  'Timestamp',
  'Expires',
  'SecurityToken',
])
const signatureV4 = /^x-amz-/i

/** What old clients still send and EC2 no longer knows. Source: euca2ools, `euca-run-instances --addressing`. */
const legacy: Readonly<Record<string, readonly string[]>> = { RunInstances: ['AddressingType'] }

function skipFor(operation: string): (name: string) => boolean {
  const ignored = Object.hasOwn(legacy, operation) ? (legacy[operation] ?? []) : []
  return (name) => frontDoor.has(name) || ignored.includes(name) || signatureV4.test(name)
}

interface Flavour {
  /** What is before the request's id and behind it. `body` is undefined for an operation without output. */
  answer(operation: string, body: string | undefined, version: string): readonly [string, string]
  error(refusal: Refusal): string
}

const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n'
const stsNamespace = 'https://sts.amazonaws.com/doc/2011-06-15/'

/** What is around an answer. Source: EC2 and STS API References, sample responses. */
const flavours: Readonly<Record<Service, Flavour>> = {
  ec2: {
    answer: (operation, body = '<return>true</return>', version) => [
      `${declaration}<${operation}Response xmlns="http://ec2.amazonaws.com/doc/${escapeAttribute(version)}/"><requestId>`,
      `</requestId>${body}</${operation}Response>`,
    ],
    error: ({ code, message, requestId }) =>
      `${declaration}<Response><Errors><Error><Code>${escapeText(code)}</Code><Message>${escapeText(message)}</Message>` +
      `</Error></Errors><RequestID>${escapeText(requestId)}</RequestID></Response>`,
  },
  sts: {
    answer: (operation, body = '') => [
      `${declaration}<${operation}Response xmlns="${stsNamespace}"><${operation}Result>${body}</${operation}Result>` +
        '<ResponseMetadata><RequestId>',
      `</RequestId></ResponseMetadata></${operation}Response>`,
    ],
    error: ({ code, message, requestId, status = 400 }) =>
      `${declaration}<ErrorResponse xmlns="${stsNamespace}"><Error><Type>${status < 500 ? 'Sender' : 'Receiver'}</Type>` +
      `<Code>${escapeText(code)}</Code><Message>${escapeText(message)}</Message></Error>` +
      `<RequestId>${escapeText(requestId)}</RequestId></ErrorResponse>`,
  },
}
