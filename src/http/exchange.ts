import type { Readable } from 'node:stream'

/** The head of one HTTP request as it came in. Text holds one byte a character (latin1). */
export interface RequestHead {
  /** A UUID of ours; goes out with the answer. */
  readonly requestId: string
  readonly method: string
  /** Percent-encoded as sent, without query; begins with `/` (or is `*`). */
  readonly path: string
  /** As sent, without `?`. */
  readonly query: string
  /** Names in lower case, one pair for each line. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly remoteAddress: string
  readonly localPort: number
  /** Over TLS. */
  readonly secure: boolean
  readonly receivedAt: Date
}

/** Bytes as they come. A piece may be written over once the next is asked for. `return` ends it early. */
export type Pieces = AsyncGenerator<Buffer, unknown, unknown>

export interface HttpResponse {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  /** Parts are sent together. Pieces are sent as the client takes them, each one before the next is asked for; their length is for `headers` to say. */
  readonly body: string | Buffer | readonly Buffer[] | Pieces
  /** Further fields of the access log's line. */
  readonly logged?: Readonly<Record<string, unknown>>
}

/**
 * Answers one request. `body` may be left unread. `abort` fires when the client goes away or the server must close;
 * what is answered after that is dropped.
 */
export type Handler = (head: RequestHead, body: Readable, abort: AbortSignal) => Promise<HttpResponse>
