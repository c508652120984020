/**
 * Our codec against the official client: for every operation, what the client sends is decoded to what it was given, and
 * what we encode is parsed to what we were given. Nothing goes over a network: the client's request handler is ours.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as ec2 from '@aws-sdk/client-ec2'
import * as sts from '@aws-sdk/client-sts'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Codec, openCodec } from '../../src/query/codec.ts'
import { anyOf, asParsed, asSent, diceOf } from './codec-values.ts'

interface Schema {
  readonly name: string
  readonly input: unknown
  readonly output: unknown
}

type Exports = Readonly<Record<string, unknown>>

interface Client {
  send(command: object): Promise<{ $metadata: unknown }>
}

type Service = 'ec2' | 'sts'

const seeds = [0, 1, 2, 3, 4]
const call = { requestId: '0a1b2c3d-0000-4000-8000-000000000000', version: '2016-11-15' }
const codecs = new Map<Service, Codec>()
let cache: string

beforeAll(async () => {
  cache = await mkdtemp(join(tmpdir(), 'codec-contract-'))
  for (const service of ['ec2', 'sts'] as const) codecs.set(service, await openCodec(service, cache))
})
afterAll(() => rm(cache, { recursive: true }))

describe.each(['ec2', 'sts'] as const)('%s', (service) => {
  const exports = service === 'ec2' ? ec2 : sts
  const operations = operationsOf(exports)

  test('knows every operation that the official client knows, and no other', () => {
    const ours = [...codecs.get(service)!.operations.keys()]
    expect(ours.toSorted()).toEqual(operations.map((it) => it.name).toSorted())
  })

  test('decodes every operation as the official client was given it, and is parsed by it as it was given', async () => {
    for (const operation of operations) for (const seed of seeds) await there(service, exports, operation, seed)
  }, 120_000)
})

test.each([
  ['ec2', 'StopInstances', { InstanceIds: ['i-1'] }],
  ['sts', 'GetCallerIdentity', {}],
] as const)('an error of %s reaches the caller with its code and message', async (service, name, input) => {
  const refusal = {
    code: 'InvalidInstanceID.NotFound',
    message: "The <id> 'i-1' & more\r\n",
    requestId: call.requestId,
  }
  const wire = new Wire(codecs.get(service)!.encodeError(refusal), 400)
  await expect(send(service, service === 'ec2' ? ec2 : sts, name, input, wire)).rejects.toMatchObject({
    name: refusal.code,
    message: refusal.message,
  })
})

/** One call of `operation` and its answer. Seed 0 has every member of every structure. */
async function there(service: Service, exports: Exports, { name, input, output }: Schema, seed: number): Promise<void> {
  const filling = { dice: diceOf(seed + hash(name)), full: seed === 0 }
  const asked = { ...object(anyOf(input, { ...filling, request: true })), ...given(name) }
  const answered = output === 'unit' ? {} : object(anyOf(output, { ...filling, request: false }))
  const codec = codecs.get(service)!
  const wire = new Wire(codec.encode(name, answered, call))

  const { $metadata: _, ...parsed } = await send(service, exports, name, asked, wire)
  const decoded = codec.decode(name, new URLSearchParams(wire.body))

  const context = `${name}, seed ${seed}`
  expect(decoded, context).toStrictEqual(asSent(service, asked) ?? {})
  expect(plain(parsed), context).toStrictEqual(asParsed(answered))
}

/** CopySnapshot alone asks another endpoint for a signature, unless it is given one: so it is given one. */
function given(operation: string): object {
  return operation === 'CopySnapshot'
    ? { PresignedUrl: 'https://example.com/?a=b', DestinationRegion: 'eu-west-1' }
    : {}
}

/** In place of a network: keeps the request's body, gives the answer. */
class Wire {
  body = ''
  readonly #answer: string
  readonly #status: number

  constructor(answer: string, status = 200) {
    this.#answer = answer
    this.#status = status
  }

  handle = async (request: { body?: unknown }) => {
    this.body = String(request.body)
    return { response: { statusCode: this.#status, headers: {}, body: new TextEncoder().encode(this.#answer) } }
  }
}

async function send(service: Service, exports: Exports, operation: string, input: object, wire: Wire) {
  const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' }
  const endpoint = 'http://127.0.0.1:1'
  const config = { region: 'us-west-2', endpoint, credentials, maxAttempts: 1, requestHandler: wire }
  const Client = (service === 'ec2' ? ec2.EC2Client : sts.STSClient) as unknown as new (config: object) => Client
  const Command = exports[`${operation}Command`] as new (input: object) => object
  return new Client(config).send(new Command(input))
}

/** The operations of a client, as their schemas name them. */
function operationsOf(exports: Exports): Schema[] {
  const schemas = Object.values(exports).filter((it) => Array.isArray(it) && it[0] === 9) as unknown[][]
  return schemas.map(([, , name, , input, output]) => ({
    name: String(name),
    input: deref(input),
    output: deref(output),
  }))
}

function deref(reference: unknown): unknown {
  return typeof reference === 'function' ? reference() : reference
}

function object(value: unknown): object {
  if (typeof value !== 'object' || value === null) throw new Error(`no structure: ${value}`)
  return value
}

/** With Uint8Array for the client's own subclasses of it. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Uint8Array.from(value)
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null || value instanceof Date) return value
  return Object.fromEntries(Object.entries(value).map(([name, it]) => [name, plain(it)]))
}

function hash(text: string): number {
  let sum = 7
  for (const it of text) sum = (Math.imul(sum, 31) + it.charCodeAt(0)) | 0
  return sum
}
