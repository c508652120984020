/**
 * Bodies in pieces that are signed one by one, and with trailers behind them: `aws-chunked`.
 * Source: Amazon S3 API Reference, "Signature calculations: transferring payload in multiple chunks", and "… with trailing headers".
 */
import { createHash } from 'node:crypto'
import type { CredentialScope } from '../iam/api-request.ts'
import { scopeText, sha256, signatureV4 } from '../iam/sigv4.ts'
import { sameText } from '../iam/verify.ts'
import { refuse } from './errors.ts'

/** What the pieces' signatures are made with; each is chained to the one before it. */
export interface ChunkSigning {
  readonly key: Buffer
  readonly timestamp: string
  readonly scope: CredentialScope
  /** The request's own signature. */
  readonly seed: string
}

export interface ChunkedBody {
  readonly signing?: ChunkSigning
  readonly hasTrailer: boolean
}

const longestLine = 16 * 1024

/** The bytes within the pieces. `trailers` has what came behind them once this has ended. Refuses a wrong signature. */
export async function* unchunk(
  source: AsyncIterable<Buffer>,
  { signing, hasTrailer }: ChunkedBody,
  trailers: Map<string, string>,
): AsyncGenerator<Buffer> {
  const lines = new Lines(source)
  const chain = signing && new Chain(signing)
  for (;;) {
    const [, size, signature] =
      /^([0-9a-fA-F]{1,8})(?:;chunk-signature=([0-9a-f]{64}))?$/.exec(await lines.line()) ?? []
    if (size === undefined) refuse('IncompleteBody')
    const hash = chain && createHash('sha256')
    const bytes = Number.parseInt(size, 16)
    for await (const piece of lines.take(bytes)) {
      hash?.update(piece)
      yield piece
    }
    if (hash) chain?.check(signature, hash.digest('hex'))
    if (bytes === 0) break
    if ((await lines.line()) !== '') refuse('IncompleteBody')
  }
  if (hasTrailer) await readTrailers(lines, chain, trailers)
}

async function readTrailers(lines: Lines, chain: Chain | undefined, trailers: Map<string, string>): Promise<void> {
  for (let line = await lines.line(); line !== ''; line = await lines.line()) {
    const colon = line.indexOf(':')
    if (colon < 1 || trailers.size > 20) refuse('IncompleteBody')
    trailers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim())
    if (lines.ended) break
  }
  const signature = trailers.get('x-amz-trailer-signature')
  trailers.delete('x-amz-trailer-signature')
  chain?.checkTrailers(signature, trailers)
}

class Chain {
  readonly #signing: ChunkSigning
  #last: string

  constructor(signing: ChunkSigning) {
    this.#signing = signing
    this.#last = signing.seed
  }

  check(signature: string | undefined, hash: string): void {
    this.#next('AWS4-HMAC-SHA256-PAYLOAD', [sha256(''), hash], signature)
  }

  checkTrailers(signature: string | undefined, trailers: ReadonlyMap<string, string>): void {
    const text = [...trailers].sort().map(([name, value]) => `${name}:${value}\n`)
    this.#next('AWS4-HMAC-SHA256-TRAILER', [sha256(text.join(''))], signature)
  }

  #next(algorithm: string, hashes: readonly string[], signature: string | undefined): void {
    const { key, timestamp, scope } = this.#signing
    const text = [algorithm, timestamp, scopeText(scope), this.#last, ...hashes].join('\n')
    const expected = signatureV4(key, text)
    if (signature === undefined || !sameText(expected, signature)) refuse('SignatureDoesNotMatch')
    this.#last = expected
  }
}

/** A stream as lines and as runs of bytes. */
class Lines {
  readonly #source: AsyncIterator<Buffer>
  #kept: Buffer = Buffer.alloc(0)
  ended = false

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  /** Without its CR LF. The last line may lack it; behind the end there are only empty ones. */
  async line(): Promise<string> {
    let end = this.#kept.indexOf('\r\n')
    while (end < 0 && this.#kept.length <= longestLine && (await this.#more())) end = this.#kept.indexOf('\r\n')
    if (end > longestLine || (end < 0 && this.#kept.length > longestLine)) refuse('IncompleteBody')
    const line = this.#kept.subarray(0, end < 0 ? undefined : end).toString('latin1')
    this.#kept = this.#kept.subarray(end < 0 ? this.#kept.length : end + 2)
    return line
  }

  async *take(bytes: number): AsyncGenerator<Buffer> {
    for (let left = bytes; left > 0; ) {
      if (this.#kept.length === 0 && !(await this.#more())) refuse('IncompleteBody')
      const piece = this.#kept.subarray(0, left)
      this.#kept = this.#kept.subarray(piece.length)
      left -= piece.length
      yield piece
    }
  }

  async #more(): Promise<boolean> {
    if (this.ended) return false
    const { value, done } = await this.#source.next()
    if (done) this.ended = true
    else this.#kept = this.#kept.length === 0 ? value : Buffer.concat([this.#kept, value])
    return done !== true
  }
}
