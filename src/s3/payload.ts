/** The body of a request: decoded, and compared with all that was declared of it. */
import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'
import {
  type Algorithm,
  algorithmNamed,
  type Checksums,
  compareChecksums,
  declaredChecksums,
  summing,
} from './checksums.ts'
import { type ChunkSigning, unchunk } from './chunked.ts'
import { refuse } from './errors.ts'

/** How the body was declared: `x-amz-content-sha256`, and what signs its pieces where they are signed. */
export interface Declared {
  readonly payload: string | undefined
  readonly signing?: ChunkSigning
}

type Header = (name: string) => string | undefined

/** The client, or our closing down, ended the body before its end: there is nobody to answer. */
export class CutShort extends Error {}

/** Source: Amazon S3 User Guide, "Uploading objects": 5 GB in one operation. */
const largestBody = 5 * 2 ** 30

export class Payload {
  readonly #body: Readable
  readonly #header: Header
  readonly #declared: Declared
  readonly #trailers = new Map<string, string>()

  constructor(body: Readable, header: Header, declared: Declared) {
    this.#body = body
    this.#header = header
    this.#declared = declared
  }

  /** Which checksums are to be computed while the body is read. */
  get algorithms(): Algorithm[] {
    const trailer = /^x-amz-checksum-(\w+)$/.exec(this.#header('x-amz-trailer')?.trim() ?? '')?.[1]
    const named = trailer ?? this.#header('x-amz-sdk-checksum-algorithm') ?? this.#header('x-amz-checksum-algorithm')
    const declared = Object.keys(declaredChecksums(this.#header)) as Algorithm[]
    return declared.length > 0 ? declared : named === undefined ? [] : [algorithmNamed(named)]
  }

  /** The object's own bytes. Ends by refusing where they are not what the signature, or the length, says. */
  async *bytes(): AsyncGenerator<Buffer> {
    const { payload, signing } = this.#declared
    const chunked = payload?.startsWith('STREAMING-') ?? false
    if (chunked && payload !== 'STREAMING-UNSIGNED-PAYLOAD-TRAILER' && !signing) refuse('NotImplemented')
    const hasTrailer = payload?.endsWith('-TRAILER') ?? false
    const raw = received(this.#body)
    const source = chunked
      ? unchunk(raw, { hasTrailer, ...(signing && { signing }) }, this.#trailers)
      : this.#compared(raw, payload)
    let bytes = 0
    for await (const chunk of source) {
      bytes += chunk.length
      if (bytes > largestBody) refuse('EntityTooLarge')
      yield chunk
    }
    const length = chunked ? this.#header('x-amz-decoded-content-length') : this.#header('content-length')
    if (length !== undefined && Number(length) !== bytes) refuse('IncompleteBody')
  }

  /** Refuses where what came is not what MD5 and checksums say of it. To be called when all was read. */
  compare(md5: string, checksums: Checksums): void {
    const given = this.#header('content-md5')
    if (given !== undefined) {
      const bytes = Buffer.from(given, 'base64')
      if (bytes.length !== 16) refuse('InvalidDigest')
      if (bytes.toString('hex') !== md5) refuse('BadDigest')
    }
    compareChecksums(
      { ...declaredChecksums(this.#header), ...declaredChecksums((it) => this.#trailers.get(it)) },
      checksums,
    )
  }

  /** A short body as text. */
  async text(limit = 4 * 2 ** 20): Promise<string> {
    const chunks: Buffer[] = []
    let bytes = 0
    for await (const chunk of this.bytes()) {
      bytes += chunk.length
      if (bytes > limit) refuse('MaxMessageLengthExceeded')
      chunks.push(chunk)
    }
    const whole = Buffer.concat(chunks)
    const sums = this.algorithms.map((it) => [it, sumOf(it, whole)] as const)
    this.compare(createHash('md5').update(whole).digest('hex'), Object.fromEntries(sums))
    return whole.toString('utf8')
  }

  async *#compared(raw: AsyncIterable<Buffer>, declared: string | undefined): AsyncGenerator<Buffer> {
    const hash = declared !== undefined && /^[0-9a-f]{64}$/.test(declared) ? createHash('sha256') : undefined
    if (declared !== undefined && declared !== 'UNSIGNED-PAYLOAD' && !hash)
      refuse('InvalidArgument', 'x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-…, or a valid sha256 value.')
    for await (const chunk of raw) {
      hash?.update(chunk)
      yield chunk
    }
    if (hash && hash.digest('hex') !== declared) refuse('XAmzContentSHA256Mismatch')
  }
}

function sumOf(algorithm: Algorithm, bytes: Buffer): string {
  const sum = summing(algorithm)
  sum.update(bytes)
  return sum.digest().toString('base64')
}

/** Without destroying it at an early end: that would close the connection before it is answered. */
export async function* received(body: Readable): AsyncGenerator<Buffer> {
  try {
    yield* body.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>
  } catch (cause) {
    throw new CutShort('the request was cut short', { cause })
  }
}
