import type { Socket as UdpSocket } from 'node:dgram'
import type { Server as Listener, Socket } from 'node:net'
import type { Clock } from '../../base/clock.ts'
import { messageOf } from '../../base/fault.ts'
import type { Log } from '../../base/log.ts'
import type { DnsSpec } from '../../host-api/dns.ts'
import { Allowances, type DnsLimits, usualDnsLimits } from './allowance.ts'
import { answer } from './answer.ts'
import { Cache } from './cache.ts'
import { type Query, rcodes, readQuery } from './query.ts'
import { handOn } from './relay.ts'
import { bareReply, largest, reply, sizeFor } from './reply.ts'
import type { AskOthers } from './resolvers.ts'

/** Who is asked: the names of one network, and who may ask for them. */
export interface Audience {
  /** Apart from every other: what was heard for one is not told to another. */
  readonly name: string
  /** What `address` is told; undefined: it is not told anything, not even no. */
  specFor(address: string): DnsSpec | undefined
  /** Asks others for what is not ours; without it that is refused. */
  readonly askOthers?: AskOthers
}

export interface DnsServerParts {
  readonly clock: Clock
  readonly log: Log
  readonly limits?: DnsLimits
}

/** Longer questions than any: a name of 255 bytes, and options. */
const longestQuestion = 4096

/**
 * Answers questions that arrive at sockets of others' making. Who asks is the address that a question came from; what it
 * gets is never longer than it could take, and over UDP never goes anywhere else.
 */
export class DnsServer implements Disposable {
  readonly #parts: DnsServerParts
  readonly #allowances: Allowances
  readonly #caches = new Map<string, Cache>()
  readonly #connections = new Set<Socket>()
  readonly #abort = new AbortController()

  constructor(parts: DnsServerParts) {
    this.#parts = parts
    this.#allowances = new Allowances(parts.limits ?? usualDnsLimits, parts.clock)
  }

  /** Answers what arrives at `socket` from now on. */
  serveUdp(audience: Audience, socket: UdpSocket): void {
    socket.on('error', (error) => this.#parts.log.warn({ err: error, audience: audience.name }, 'a DNS socket failed'))
    socket.on('message', (bytes, { address, port }) => {
      this.#respond(audience, address, bytes, sizeFor).then(
        // Whoever is gone by now does not need it.
        (said) => said && socket.send(said, port, address, () => {}),
        (error: unknown) => this.#parts.log.error({ err: error, audience: audience.name }, 'a question failed'),
      )
    })
  }

  /** Answers what arrives over connections that `listener` accepts from now on. */
  serveTcp(audience: Audience, listener: Listener): void {
    listener.on('error', (error) =>
      this.#parts.log.warn({ err: error, audience: audience.name }, 'a DNS socket failed'),
    )
    listener.on('connection', (socket: Socket) => void this.#converse(audience, socket))
  }

  /** Forgets what was heard for this audience. Its sockets are the caller's. */
  forget({ name }: Audience): void {
    this.#caches.delete(name)
  }

  [Symbol.dispose](): void {
    this.#abort.abort(new Error('the name server stops'))
    for (const it of this.#connections) it.destroy()
  }

  /** One question after the other, until the asker ends or its time is over. */
  async #converse(audience: Audience, socket: Socket): Promise<void> {
    const address = plain(socket.remoteAddress)
    using room = this.#allowances.connect(`${audience.name} ${address}`)
    socket.on('error', () => socket.destroy()) // The asker went away: nothing is lost.
    if (!room || !audience.specFor(address)) return void socket.destroy()
    this.#connections.add(socket)
    const end = setTimeout(() => socket.destroy(), this.#allowances.limits.connectionMs)
    try {
      for await (const bytes of messages(socket)) {
        const said = await this.#respond(audience, address, bytes, () => largest)
        if (!said) break
        await write(socket, said)
      }
    } catch (error) {
      if (!socket.destroyed) this.#parts.log.debug({ reason: messageOf(error) }, 'a DNS connection ended early')
    } finally {
      clearTimeout(end)
      this.#connections.delete(socket)
      socket.destroy()
    }
  }

  /** What to say, if anything. */
  async #respond(audience: Audience, from: string, bytes: Buffer, size: (query: Query) => number) {
    const address = plain(from)
    const spec = audience.specFor(address)
    const guest = `${audience.name} ${address}`
    if (!spec || !this.#allowances.mayAsk(guest)) return undefined
    const read = readQuery(bytes)
    if (!read) return undefined
    if (!('query' in read)) return bareReply(read.id, read.rcode)
    const { query } = read
    const { askOthers } = audience
    const own = answer(query, spec)
    if (own !== 'elsewhere') return reply(query, own, size(query), askOthers !== undefined)
    if (!askOthers || !query.recursion)
      return reply(query, { rcode: rcodes.refused }, size(query), askOthers !== undefined)
    return this.#fromOthers(audience.name, guest, query, askOthers, size(query))
  }

  async #fromOthers(
    audience: string,
    guest: string,
    query: Query,
    askOthers: AskOthers,
    most: number,
  ): Promise<Buffer> {
    const cache = this.#caches.get(audience) ?? new Cache(this.#parts.clock)
    this.#caches.set(audience, cache)
    const wish = { dnssec: query.edns?.dnssec ?? false, unchecked: query.unchecked }
    const key = keyOf(query, wish)
    const kept = cache.find(key)
    if (kept) return handOn(query, kept.heard, kept.ageSeconds, most)
    using room = this.#allowances.wait(guest)
    if (!room) return reply(query, { rcode: rcodes.servFail }, most, true)
    try {
      const heard = await askOthers(query.question, wish, this.#abort.signal)
      cache.keep(key, heard)
      return handOn(query, heard, 0, most)
    } catch (error) {
      this.#parts.log.debug({ audience, reason: messageOf(error) }, 'others could not be asked')
      return reply(query, { rcode: rcodes.servFail }, most, true)
    }
  }
}

function keyOf({ question }: Query, { dnssec, unchecked }: { dnssec: boolean; unchecked: boolean }): string {
  return JSON.stringify([question.labels, question.type, dnssec, unchecked])
}

function plain(address = ''): string {
  return address.replace(/^::ffff:/, '')
}

/** Messages of a connection, each behind its length. Ends at one that is too long. Source: RFC 1035, section 4.2.2. */
async function* messages(socket: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  let had = Buffer.alloc(0)
  for await (const chunk of socket) {
    had = Buffer.concat([had, chunk])
    while (had.length >= 2) {
      const length = had.readUInt16BE(0)
      if (length > longestQuestion) return
      if (had.length < 2 + length) break
      yield had.subarray(2, 2 + length)
      had = had.subarray(2 + length)
    }
  }
}

/** Resolves when the asker has taken it: nobody piles up answers that it does not read. */
function write(socket: Socket, bytes: Buffer): Promise<void> {
  const length = Buffer.alloc(2)
  length.writeUInt16BE(bytes.length)
  return new Promise((resolve, reject) => {
    socket.write(Buffer.concat([length, bytes]), (error) => (error ? reject(error) : resolve()))
  })
}
