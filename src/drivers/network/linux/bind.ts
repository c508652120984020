import { createSocket, type Socket as UdpSocket } from 'node:dgram'
import { once } from 'node:events'
import { Fault } from '../../../base/fault.ts'
import type { BoundSockets } from '../driver.ts'
import { datagramSocket } from './kernel/sockets.ts'
import { listenIn } from './listen.ts'

/** A TCP server and a UDP socket at each of these addresses inside `namespace`, used from this process: as `listenIn` does it. */
export async function bindIn(
  namespace: string,
  addresses: readonly string[],
  port: number,
  abort: AbortSignal,
): Promise<BoundSockets> {
  await using open = new AsyncDisposableStack()
  const tcp = []
  const udp = []
  for (const it of addresses) {
    tcp.push(open.adopt(await listenIn(namespace, it, port, abort), (server) => void server.close()))
    udp.push(open.adopt(await bindUdp(namespace, it, port), (socket) => void socket.close()))
  }
  open.move()
  return { tcp, udp }
}

async function bindUdp(namespace: string, address: string, port: number): Promise<UdpSocket> {
  const socket = createSocket('udp4')
  try {
    const listening = once(socket, 'listening') // It may be said before `bind` returns.
    socket.bind({ fd: datagramSocket(namespace, address, port), exclusive: true })
    await listening
    return socket
  } catch (cause) {
    socket.close()
    throw new Fault(`cannot bind in ${namespace}`, { cause })
  }
}
