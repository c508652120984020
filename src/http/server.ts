import { rm } from 'node:fs/promises'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Clock } from '../base/clock.ts'
import { Fault, messageOf, systemCode } from '../base/fault.ts'
import { createServer, createTlsServer } from '../base/http.ts'
import type { Log } from '../base/log.ts'
import type { Random } from '../base/random.ts'
import type { Handler, HttpResponse, Pieces, RequestHead } from './exchange.ts'
import { newRequestId } from './request-id.ts'
import { Turns } from './turns.ts'

export interface ListenOptions {
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  /** A Unix socket's path, in place of host and port. */
  readonly socket?: string
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** PEM texts: HTTPS instead of HTTP. */
  readonly tls?: { readonly key: string; readonly cert: string }
  readonly limits?: Partial<Limits>
  /** Requests whose bodies may take as long as they take while something moves. Default: none. */
  readonly unhurried?: (head: RequestHead) => boolean
}

/** What a client may take of us. */
export interface Limits {
  /** Request line and headers together. */
  readonly headerBytes: number
  readonly headerCount: number
  /** From the start of a request, or of the connection, to the end of its headers, and to the end of its body. */
  readonly headerMs: number
  readonly requestMs: number
  /** How long a connection is kept between two requests, and one on which nothing moves during a request. */
  readonly idleMs: number
  readonly stalledMs: number
  readonly connections: number
  /** Requests that one connection may send before the first of them is answered. */
  readonly pipelined: number
}

const defaultLimits: Limits = {
  headerBytes: 32 * 1024,
  headerCount: 200,
  headerMs: 20_000,
  requestMs: 60_000,
  idleMs: 65_000,
  stalledMs: 300_000,
  connections: 2000,
  pipelined: 64,
}

export interface Listener {
  readonly host: string
  readonly port: number
  /** `http://127.0.0.1:8773` */
  readonly url: string
  /** Takes no more requests, lets those under way end for up to `graceMs` (default 5,000), then aborts them. */
  close(graceMs?: number): Promise<void>
}

/** Serves `handler` over HTTP. Throws a `Fault` that says why where it can't listen. */
export async function listen(handler: Handler, options: ListenOptions): Promise<Listener> {
  const listening = new Listening(handler, options)
  await listening.open()
  return listening
}

/** One listening socket and what goes on behind it. */
class Listening implements Listener {
  readonly #handler: Handler
  readonly #options: ListenOptions
  readonly #limits: Limits
  readonly #server: Server
  readonly #turns = new Turns()
  #hangsUp = false

  constructor(handler: Handler, options: ListenOptions) {
    this.#handler = handler
    this.#options = options
    this.#limits = { ...defaultLimits, ...options.limits }
    this.#server = makeServer(options, this.#limits)
    this.#server.on('request', (message, response) => this.#receive(message, response))
    this.#server.on('clientError', (error, socket) => answerBroken(error, socket, this.#turns))
  }

  get host(): string {
    return this.#options.host
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get url(): string {
    const host = this.host.includes(':') ? `[${this.host}]` : this.host
    return `${this.#options.tls ? 'https' : 'http'}://${host}:${this.port}`
  }

  async open(): Promise<void> {
    const { host, port, socket } = this.#options
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#server.once('error', (cause) => reject(cannotListen(socket ?? host, port, cause)))
    if (socket !== undefined) await rm(socket, { force: true })
    this.#server.listen(socket === undefined ? { host, port } : { path: socket }, resolve)
    await promise
    this.#server.on('error', (error) => this.#options.log.error({ err: error }, 'the listener failed'))
  }

  async close(graceMs = 5000): Promise<void> {
    const { promise: closed, resolve } = Promise.withResolvers<void>()
    this.#server.close(() => resolve())
    this.#server.closeIdleConnections()
    const patience = new AbortController()
    const late = this.#options.clock.sleep(graceMs, patience.signal).then(() => this.#hangUp())
    await Promise.race([closed, late])
    patience.abort()
    await Promise.allSettled([closed, late])
  }

  /** Requests that are under way hear of it by their responses' 'close'. */
  #hangUp(): void {
    this.#hangsUp = true
    this.#server.closeAllConnections()
  }

  #receive(message: IncomingMessage, response: ServerResponse): void {
    const { socket } = message
    message.on('error', () => {}) // A body cut short: whoever reads it is told, and 'close' of the response aborts.
    response.on('error', () => {}) // Likewise.
    if (this.#turns.waiting(socket) >= this.#limits.pipelined) {
      socket.destroy()
      return
    }
    this.#turns.take(socket, () => this.#answer(message, response))
  }

  async #answer(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const controller = new AbortController()
    response.once('close', () => {
      if (response.writableFinished) return
      controller.abort(new Error(this.#hangsUp ? 'the server is closing' : 'the client went away'))
    })
    if (response.destroyed || message.socket.destroyed) return
    const head = this.#head(message)
    const unhurried = this.#options.unhurried?.(head) ?? false
    const hurry =
      message.complete || unhurried ? undefined : setTimeout(() => message.socket.destroy(), this.#limits.requestMs)
    message.once('close', () => clearTimeout(hurry))
    const answer = await this.#handled(head, message, controller.signal)
    clearTimeout(hurry)
    try {
      await this.#send(answer, head, message, response)
    } catch (thrown) {
      if (!controller.signal.aborted)
        this.#options.log.error({ requestId: head.requestId, err: thrown }, `unsendable answer: ${messageOf(thrown)}`)
      response.destroy()
    }
  }

  async #handled(head: RequestHead, message: IncomingMessage, abort: AbortSignal): Promise<HttpResponse> {
    if (head.headers.length > this.#limits.headerCount) return { status: 431, body: '' }
    try {
      return await this.#handler(head, message, abort)
    } catch (thrown) {
      if (!abort.aborted) this.#options.log.error({ requestId: head.requestId, err: thrown }, messageOf(thrown))
      return { status: 500, body: '' }
    }
  }

  async #send(
    answer: HttpResponse,
    head: RequestHead,
    message: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const { body } = answer
    const parts = partsOf(body)
    const bytes = parts?.reduce((sum, it) => sum + Buffer.byteLength(it), 0)
    const over = !message.complete || !this.#server.listening
    response.shouldKeepAlive &&= !over
    try {
      response.writeHead(answer.status, {
        ...(bytes !== undefined && !isBodiless(answer.status) && { 'content-length': String(bytes) }),
        ...answer.headers,
        'x-amzn-requestid': head.requestId,
        'x-amz-request-id': head.requestId,
      })
      if (isPieces(body)) for await (const piece of body) await written(response, piece)
      response.cork()
      for (const part of parts?.slice(0, -1) ?? []) response.write(part)
      response.end(parts?.at(-1))
      response.uncork()
    } finally {
      if (isPieces(body)) await body.return(undefined)
    }
    this.#logAccess(answer, head, bytes ?? Number(answer.headers?.['content-length'] ?? 0))
  }

  #logAccess(answer: HttpResponse, head: RequestHead, bytes: number): void {
    const ms = this.#options.clock.now().getTime() - head.receivedAt.getTime()
    const { requestId, method, remoteAddress } = head
    const path = head.path.slice(0, 200)
    this.#options.log.info(
      { requestId, method, path, remoteAddress, status: answer.status, bytes, ms, ...answer.logged },
      'request',
    )
  }

  #head(message: IncomingMessage): RequestHead {
    const [path = '', ...query] = originForm(message.url ?? '/').split('?')
    return {
      requestId: newRequestId(this.#options.random),
      method: message.method ?? '',
      path,
      query: query.join('?'),
      headers: pairs(message.rawHeaders),
      remoteAddress: message.socket.remoteAddress ?? '',
      localPort: message.socket.localPort ?? 0,
      secure: this.#options.tls !== undefined,
      receivedAt: this.#options.clock.now(),
    }
  }
}

function isPieces(body: HttpResponse['body']): body is Pieces {
  return typeof body === 'object' && Symbol.asyncIterator in body
}

/** Together, where that costs less than to send them one by one. */
function partsOf(body: HttpResponse['body']): readonly (string | Buffer)[] | undefined {
  if (typeof body === 'string' || Buffer.isBuffer(body)) return [body]
  if (isPieces(body)) return undefined
  return body.reduce((sum, it) => sum + it.length, 0) < longestCopied ? [Buffer.concat(body)] : body
}

const longestCopied = 64 * 1024

/** Resolves once the kernel has taken the piece. Throws where the client has gone. */
function written(response: ServerResponse, piece: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const gone = () => reject(new Error('the client went away'))
    if (response.destroyed) return gone()
    response.once('close', gone)
    response.write(piece, (error) => {
      response.off('close', gone)
      if (error) reject(error)
      else resolve()
    })
  })
}

/** Source: RFC 9110, 8.6: no Content-Length in a 204, and in a 304 none but that of the content itself. */
function isBodiless(status: number): boolean {
  return status === 204 || status === 304
}

function makeServer(options: ListenOptions, limits: Limits): Server {
  const settings = {
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.headerMs,
    requestTimeout: 0, // Ours, because Node's is the same for all requests.
    keepAliveTimeout: limits.idleMs,
    connectionsCheckingInterval: Math.min(limits.headerMs, 5000),
  }
  const server = options.tls ? createTlsServer({ ...settings, ...options.tls }) : createServer(settings)
  server.maxHeadersCount = 0 // Node would drop the surplus silently; we count and refuse.
  server.maxConnections = limits.connections
  server.timeout = limits.stalledMs
  return server
}

/** Answers what is no HTTP, is too long or came too slowly; where an earlier request is not answered yet, by hanging up. */
function answerBroken(error: Error, socket: Duplex, turns: Turns): void {
  // More than was announced, after a request that ends the connection: it is answered all the same.
  if (systemCode(error) === 'HPE_CLOSED_CONNECTION' && turns.waiting(socket) > 0) return
  if (!socket.writable || systemCode(error) === 'ECONNRESET' || turns.waiting(socket) > 0) {
    socket.destroy()
    return
  }
  socket.end(`HTTP/1.1 ${brokenStatus(systemCode(error))}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}

/** Source: Node.js documentation, "Event: 'clientError'"; llhttp's error names. */
function brokenStatus(code: string | undefined): string {
  if (code === 'HPE_HEADER_OVERFLOW') return '431 Request Header Fields Too Large'
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return '408 Request Timeout'
  if (code === 'HPE_CHUNK_EXTENSIONS_OVERFLOW') return '413 Payload Too Large'
  return '400 Bad Request'
}

/** The target of a request to a proxy (`GET http://host/path`) as if it were to the server. Source: RFC 9112, 3.2. */
function originForm(target: string): string {
  const local = target.replace(/^https?:\/\/[^/?#]*/i, '')
  return local === '' || local.startsWith('?') ? `/${local}` : local
}

function pairs(raw: readonly string[]): [string, string][] {
  const found: [string, string][] = []
  for (let at = 0; at + 1 < raw.length; at += 2) found.push([(raw[at] ?? '').toLowerCase(), raw[at + 1] ?? ''])
  return found
}

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another program (perhaps another Cumulet) listens there already',
  EACCES: 'this user may not listen on that port',
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'there is no host of that name',
}

function cannotListen(host: string, port: number, cause: Error): Fault {
  return new Fault(`Can't listen on ${host}:${port}: ${reasons[systemCode(cause) ?? ''] ?? cause.message}`, { cause })
}
