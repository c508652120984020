import type { RequestListener, Server, ServerResponse } from 'node:http'
import type { Server as Listener, Socket } from 'node:net'
import type { Clock } from '../../base/clock.ts'
import { createServer } from '../../base/http.ts'
import type { Log } from '../../base/log.ts'
import type { VpcId } from '../../model/ids.ts'
import { Admission, defaultLimits, type Limits } from './admission.ts'
import { type Answer, type Ask, answer, type Guest, refusal } from './answer.ts'
import type { Tokens } from './tokens.ts'
import type { GuestTurns } from './turns.ts'

export interface MetadataOptions {
  /** Who has `address` in the router of `vpc`. Anti-spoofing makes the address a proof of identity there. */
  readonly guestAt: (vpc: VpcId, address: string) => Guest | undefined
  readonly tokens: Tokens
  /** Absent: it is every guest's turn at all times, and nobody is asked. */
  readonly turns?: GuestTurns | undefined
  readonly clock: Clock
  readonly log: Log
  readonly limits?: Limits
}

/** More than any client sends; what is longer is answered 400. */
const longestHeadBytes = 8192

/**
 * An HTTP request handler for the guests of `vpc`. Identity is the connection's remote address, never a header. A guest that
 * is not known (yet) is asked to come again: 503. Source: EC2 User Guide, "Instance metadata: error responses", for 503.
 */
export function metadataHandler(vpc: VpcId, options: MetadataOptions): RequestListener {
  const firstSeen = new WeakMap<object, Date>()
  const changed = ({ metadata: { tree } }: Guest, now: Date) => {
    const at = firstSeen.get(tree) ?? now
    firstSeen.set(tree, at)
    return at
  }
  const answerTo = async (ask: Ask, socket: Socket, left: AbortSignal): Promise<Answer> => {
    const now = options.clock.now()
    const guest = options.guestAt(vpc, addressOf(socket))
    if (!guest) return refusal(503)
    const { turns, tokens } = options
    return (
      (await answerOfTurn(ask, guest, turns, left)) ?? answer(ask, guest, tokens, { now, changed: changed(guest, now) })
    )
  }
  return ({ method = 'GET', url = '/', headers, socket }, response) => {
    const gone = new AbortController()
    response.once('close', () => gone.abort())
    answerTo({ method, target: url, headers }, socket, gone.signal).then(
      (it) => send(response, it),
      (error: unknown) => {
        if (gone.signal.aborted) return
        options.log.error({ err: error, vpc, target: url }, 'a metadata request failed')
        send(response, refusal(503))
      },
    )
  }
}

/**
 * `PUT /latest/api/turn` is answered when it is the guest's turn to go on with what nobody waits for, and `DELETE` ends its turn. Ours, for
 * guests of our images; EC2 has nothing like it.
 */
async function answerOfTurn(
  { method, target }: Ask,
  { id, metadata }: Guest,
  turns: GuestTurns | undefined,
  abort: AbortSignal,
): Promise<Answer | undefined> {
  if (!turns || !metadata.enabled || target !== '/latest/api/turn') return undefined
  if (method === 'PUT') await turns.begin(id, abort)
  else if (method === 'DELETE') turns.end(id)
  else return undefined
  return { status: 200, reason: 'OK', headers: { 'Content-Type': 'text/plain' }, body: '' }
}

/**
 * The metadata service of a host: takes connections that were accepted inside router namespaces, one request each, and holds
 * every guest to its limits so that it cannot slow others.
 */
export class MetadataServer implements Disposable {
  readonly #options: MetadataOptions
  readonly #limits: Limits
  readonly #admission: Admission
  readonly #servers = new Map<VpcId, Server>()
  readonly #sockets = new Set<Socket>()

  constructor(options: MetadataOptions) {
    this.#options = options
    this.#limits = options.limits ?? defaultLimits
    this.#admission = new Admission(this.#limits, options.clock)
  }

  /** Serves every connection that `listener`, opened inside the router of `vpc`, accepts from now on. */
  serve(vpc: VpcId, listener: Listener): void {
    listener.on('connection', (socket) => this.accept(vpc, socket))
  }

  accept(vpc: VpcId, socket: Socket): void {
    const guest = `${vpc} ${addressOf(socket)}`
    const server = this.#serverOf(vpc)
    const deadline = setTimeout(() => socket.destroy(), this.#limits.connectionMs)
    const verdict = this.#admission.enter(guest)
    this.#sockets.add(socket)
    socket.once('close', () => {
      clearTimeout(deadline)
      this.#sockets.delete(socket)
      this.#admission.leave(guest)
    })
    if (verdict === 'serve') server.emit('connection', socket)
    else if (verdict === 'refuse') turnAway(socket)
    else socket.destroy()
  }

  /** Forgets the VPC. Its listener is the caller's. */
  withdraw(vpc: VpcId): void {
    this.#servers.delete(vpc)
  }

  [Symbol.dispose](): void {
    for (const socket of this.#sockets) socket.destroy()
    this.#servers.clear()
  }

  #serverOf(vpc: VpcId): Server {
    const server = this.#servers.get(vpc) ?? httpServer(metadataHandler(vpc, this.#options))
    this.#servers.set(vpc, server)
    return server
  }
}

/** It never listens itself, so Node.js checks none of its timeouts: the connection's deadline stands for them all. */
function httpServer(handler: RequestListener): Server {
  const server = createServer({ maxHeaderSize: longestHeadBytes, requireHostHeader: false }, handler)
  server.maxRequestsPerSocket = 1
  server.on('clientError', (_error, socket) => {
    if (socket.writable) socket.end(raw(refusal(400)))
    else socket.destroy()
  })
  return server
}

/** Answers without reading, as reading is what the guest has no more right to; the deadline ends what remains. */
function turnAway(socket: Socket): void {
  socket.on('error', () => socket.destroy()) // The guest went away first: nothing is lost.
  socket.end(raw(refusal(503)))
  socket.resume()
}

function send(response: ServerResponse, { status, reason, headers, body }: Answer): void {
  response.writeHead(status, reason, {
    ...headers,
    Server: 'EC2ws',
    'Content-Length': Buffer.byteLength(body),
    Connection: 'close',
  })
  response.end(body)
}

function raw({ status, reason, headers, body }: Answer): string {
  const lines = Object.entries({ ...headers, Server: 'EC2ws', 'Content-Length': Buffer.byteLength(body) })
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  return `HTTP/1.1 ${status} ${reason}\r\n${head}Connection: close\r\n\r\n${body}`
}

function addressOf(socket: Socket): string {
  return (socket.remoteAddress ?? '').replace(/^::ffff:/, '')
}
