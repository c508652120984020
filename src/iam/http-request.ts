/** A whole HTTP request as signatures see it: bytes as sent, nothing decoded. Text holds one byte a character (latin1). */
export interface HttpRequest {
  readonly method: string
  /** Percent-encoded as sent, without query; begins with `/`. */
  readonly path: string
  /** As sent, without `?`. */
  readonly query: string
  /** Names in lower case, one pair for each line. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Buffer
  /** The port on which it arrived. */
  readonly localPort?: number
}

/** The value of a header, lines of the same name joined by commas. */
export function headerOf(request: Pick<HttpRequest, 'headers'>, name: string): string | undefined {
  const values = request.headers.filter(([it]) => it === name).map(([, value]) => value)
  return values.length > 0 ? values.join(',') : undefined
}

/**
 * The hosts that a client may have signed for a request with this Host header: clients disagree about the port and about
 * capitals. Net::Amazon::EC2 signs the name without the port that it sends; others add the port that HTTP leaves out.
 */
export function signedHosts(request: Pick<HttpRequest, 'headers' | 'localPort'>): string[] {
  const sent = headerOf(request, 'host') ?? ''
  const name = sent.replace(/:\d+$/, '')
  const added = name === sent && request.localPort !== undefined ? [`${name}:${request.localPort}`] : []
  const forms = [sent, name, ...added]
  return [...new Set(forms.flatMap((it) => [it, it.toLowerCase()]))]
}
