import { once } from 'node:events'
import { Server } from 'node:net'
import { Fault } from '../../../base/fault.ts'
import { listeningSocket } from './kernel/sockets.ts'

/**
 * A TCP server that listens inside `namespace` and accepts in this process: a socket stays in the namespace it was made in.
 * Connections begin to arrive at once: attach to `connection` before anything else is awaited.
 */
export async function listenIn(namespace: string, address: string, port: number, abort: AbortSignal): Promise<Server> {
  abort.throwIfAborted()
  const server = new Server()
  try {
    server.listen({ fd: listeningSocket(namespace, address, port) })
    await once(server, 'listening')
    return server
  } catch (cause) {
    throw new Fault(`cannot listen in ${namespace}`, { cause })
  }
}
