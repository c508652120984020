/** What the object store takes and gives: HTTP as it stands, bodies as streams. */
export interface RequestHead {
  readonly requestId: string
  readonly method: string
  /** Percent-encoded as sent, without query. Text holds one byte a character (latin1). */
  readonly path: string
  readonly query: string
  /** Names in lower case, one pair for each line. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly localPort: number
  readonly receivedAt: Date
}

export interface Answer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body: string | Buffer | AsyncGenerator<Buffer, unknown, unknown>
  readonly logged?: Readonly<Record<string, unknown>>
}
