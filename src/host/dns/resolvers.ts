/** Asking the machine's own resolvers, for what is not ours. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect, isIPv6 } from 'node:net'
import { Fault, messageOf } from '../../base/fault.ts'
import type { Random } from '../../base/random.ts'
import type { Question } from './query.ts'
import { type Heard, hear } from './relay.ts'
import { ownSize } from './reply.ts'

export interface Resolver {
  readonly address: string
  readonly port: number
}

/** What of a question, beside its name, makes the answer another one. */
export interface Wish {
  readonly dnssec: boolean
  readonly unchecked: boolean
}

/** Asks others. Throws where nobody answers in time. */
export type AskOthers = (question: Question, wish: Wish, abort: AbortSignal) => Promise<Heard>

/** Clients give up after five seconds as a rule; three attempts are less. Source: resolv.conf(5), `timeout`. */
const attemptMs = 1_500
const attempts = 3

/**
 * Asks one resolver after the other. Each attempt has a socket of its own, so its port is the kernel's choice, which together
 * with the id is what an answer must know; others are not heard. Answers that were cut are fetched over TCP.
 */
export function askResolvers(resolvers: readonly Resolver[], random: Random, patienceMs = attemptMs): AskOthers {
  return async (question, wish, abort) => {
    let last: unknown
    for (let attempt = 0; attempt < attempts && resolvers.length > 0; attempt++) {
      const resolver = resolvers[attempt % resolvers.length]! // not empty
      const limit = AbortSignal.any([abort, AbortSignal.timeout(patienceMs)])
      try {
        const heard = await overUdp(resolver, question, wish, random, limit)
        return heard.truncated ? await overTcp(resolver, question, wish, random, limit) : heard
      } catch (error) {
        abort.throwIfAborted()
        last = error
      }
    }
    throw new Fault(resolvers.length === 0 ? 'there is no resolver to ask' : `no resolver answers: ${messageOf(last)}`)
  }
}

async function overUdp(to: Resolver, question: Question, wish: Wish, random: Random, limit: AbortSignal) {
  const id = random.bytes(2).readUInt16BE()
  const socket = createSocket(isIPv6(to.address) ? 'udp6' : 'udp4')
  const { promise, resolve, reject } = Promise.withResolvers<Heard>()
  const stop = () => reject(new Fault(`${to.address} did not answer`))
  limit.addEventListener('abort', stop, { once: true })
  socket.on('error', reject)
  socket.on('message', (bytes) => {
    try {
      const heard = hear(bytes, id, question)
      if (heard) resolve(heard) // Anything else is not an answer to this: the wait goes on.
    } catch (error) {
      reject(error)
    }
  })
  socket.connect(to.port, to.address, () => socket.send(request(id, question, wish)))
  try {
    return await promise
  } finally {
    limit.removeEventListener('abort', stop)
    socket.close()
  }
}

async function overTcp(to: Resolver, question: Question, wish: Wish, random: Random, limit: AbortSignal) {
  const id = random.bytes(2).readUInt16BE()
  const socket = connect({ host: to.address, port: to.port, signal: limit })
  try {
    await once(socket, 'connect', { signal: limit })
    const bytes = request(id, question, wish)
    const length = Buffer.alloc(2)
    length.writeUInt16BE(bytes.length)
    socket.write(Buffer.concat([length, bytes]))
    const heard = hear(await readMessage(socket), id, question)
    if (!heard) throw new Fault(`${to.address} answered something else`)
    return heard
  } finally {
    socket.destroy()
  }
}

async function readMessage(socket: AsyncIterable<Buffer>): Promise<Buffer> {
  let had = Buffer.alloc(0)
  for await (const chunk of socket) {
    had = Buffer.concat([had, chunk])
    if (had.length >= 2 && had.length >= 2 + had.readUInt16BE(0)) return had.subarray(2, 2 + had.readUInt16BE(0))
  }
  throw new Fault('an answer over TCP broke off')
}

/** One question with recursion desired, and EDNS. */
function request(id: number, question: Question, { dnssec, unchecked }: Wish): Buffer {
  const head = Buffer.alloc(12)
  head.writeUInt16BE(id, 0)
  head.writeUInt16BE(0x0100 | (unchecked ? 0x10 : 0), 2)
  head.writeUInt16BE(1, 4)
  head.writeUInt16BE(1, 10)
  const option = Buffer.alloc(11)
  option.writeUInt16BE(41, 1)
  option.writeUInt16BE(ownSize, 3)
  option.writeUInt16BE(dnssec ? 0x8000 : 0, 7)
  return Buffer.concat([head, question.bytes, option])
}
