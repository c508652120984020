/**
 * Traces in OpenTelemetry's form: each stage that ends is a line of a file, in OTLP's JSON, as the Collector's `otlpjsonfile` reads it. Who
 * knows what a trace is about knows its ids: processes that never met write spans of the same trace. Of our own: see ADR 11.
 * Source: OpenTelemetry Protocol Specification, "JSON Protobuf Encoding"; opentelemetry-proto, trace/v1/trace.proto.
 */
import { createHash } from 'node:crypto'
import { messageOf } from './fault.ts'
import { openLogFile } from './log-file.ts'
import { hex, type Random, systemRandom } from './random.ts'

/** A stage of something longer that has ended. Its other fields tell more of it. */
export interface Stage {
  /** One of few names. */
  readonly stage: string
  /** Ids of what goes this way: each has a trace. Asked only where traces are written. */
  readonly traces: readonly string[] | (() => readonly string[])
  /** When it began, in milliseconds since the epoch. */
  readonly since: number
  /** The request that all began with, and in whose span all others are. */
  readonly kind?: 'server'
  /** Why it failed, if it did. */
  readonly err?: unknown
  readonly [field: string]: unknown
}

/** Takes a stage that ended at `end`. */
export type Spans = (stage: Stage, end: Date) => void

export interface TraceOptions {
  /** Bounded: see `openLogFile`. */
  readonly file: string
  /** What all spans of this process have: `service.name` and others. */
  readonly resource: Readonly<Record<string, string | number>>
  readonly random?: Random
}

export function openTraces({ file, resource, random = systemRandom }: TraceOptions): Spans {
  const write = openLogFile(file)
  const common = { attributes: attributesOf(resource) }
  return (stage, end) => {
    const { traces } = stage
    const spans = (typeof traces === 'function' ? traces() : traces).map((it) => spanOf(it, stage, { end, random }))
    if (spans.length === 0) return
    const scopeSpans = [{ scope: { name: 'cumulet' }, spans, schemaUrl }]
    const resourceSpans = [{ resource: common, scopeSpans, schemaUrl }]
    write(`${JSON.stringify({ resourceSpans })}\n`)
  }
}

/** Whose names we use: the last before `rpc.system` and `rpc.service` were renamed. Source: Semantic Conventions, "RPC migration". */
const schemaUrl = 'https://opentelemetry.io/schemas/1.37.0'

/** Source: trace.proto, SpanKind and StatusCode. */
const kinds = { internal: 1, server: 2 } as const
const failed = 2

function spanOf(trace: string, stage: Stage, { end, random }: { end: Date; random: Random }): object {
  const { stage: name, traces: _, since, kind = 'internal', err, ...fields } = stage
  const { traceId, rootId } = idsOf(trace)
  const isRoot = kind === 'server'
  return {
    traceId,
    ...(isRoot ? { spanId: rootId } : { spanId: hex(random, 16), parentSpanId: rootId }),
    name,
    kind: kinds[kind],
    startTimeUnixNano: nanoseconds(since),
    endTimeUnixNano: nanoseconds(end.getTime()),
    attributes: attributesOf({ trace, ...fields, ...(err !== undefined && { 'error.type': typeOf(err) }) }),
    status: err === undefined ? {} : { code: failed, message: messageOf(err) },
  }
}

/** The ids of a trace, and of the span in which all its others are. */
export function idsOf(trace: string): { readonly traceId: string; readonly rootId: string } {
  const digest = createHash('sha256').update(trace).digest('hex')
  return { traceId: digest.slice(0, 32), rootId: digest.slice(32, 48) }
}

/** 64-bit integers are strings. Source: ProtoJSON format. */
function nanoseconds(ms: number): string {
  return String(BigInt(Math.round(ms * 1000)) * 1000n)
}

function attributesOf(fields: Readonly<Record<string, unknown>>): object[] {
  return Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => ({ key: keyOf(name), value: encoded(value) }))
}

/** Names with a dot are those of OpenTelemetry's conventions; others are ours. */
function keyOf(field: string): string {
  if (field === 'pid') return 'process.pid'
  return field.includes('.') ? field : `cumulet.${field}`
}

function encoded(value: unknown): object {
  if (typeof value === 'boolean') return { boolValue: value }
  if (typeof value === 'number')
    return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value }
  return { stringValue: String(value) }
}

/** A code says more than the name of a class. */
function typeOf(error: unknown): string {
  if (!(error instanceof Error)) return '_OTHER' // Source: Semantic Conventions, `error.type`.
  return 'code' in error && typeof error.code === 'string' ? error.code : error.name
}
