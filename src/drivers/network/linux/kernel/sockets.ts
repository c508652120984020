/** Sockets of IPv4 that were made inside a namespace and are used outside of it. */
import { closeSync } from 'node:fs'
import { checked, libc } from '../../../../base/libc.ts'
import { inside } from '../../../../base/network-namespace.ts'

/** Source: Linux, include/linux/socket.h, net.h; include/uapi/asm-generic/socket.h. */
const AF_INET = 2
const SOCK_STREAM = 1
const SOCK_DGRAM = 2
const SOCK_NONBLOCK = 0o4000
const SOCK_CLOEXEC = 0o2000000
const SOL_SOCKET = 1
const SO_REUSEADDR = 2

/** As Node.js has it. Source: Node.js, net, `server.listen`. */
const backlog = 511

/** The descriptor of a socket that listens at this address; its owner closes it. */
export function listeningSocket(namespace: string, address: string, port: number): number {
  return boundSocket(namespace, SOCK_STREAM, { address, port }, (it) => {
    checked(`listening at ${address}:${port}`, libc().listen(it, backlog))
  })
}

/** The descriptor of a socket for datagrams to this address; its owner closes it. */
export function datagramSocket(namespace: string, address: string, port: number): number {
  return boundSocket(namespace, SOCK_DGRAM, { address, port }, () => {})
}

interface Place {
  readonly address: string
  readonly port: number
}

function boundSocket(namespace: string, kind: number, place: Place, prepare: (socket: number) => void): number {
  const socket = inside(namespace, () =>
    checked('socket', libc().socket(AF_INET, kind | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)),
  )
  try {
    if (kind === SOCK_STREAM) reuseAddress(socket)
    const name = nameOf(place)
    checked(`binding ${place.address}:${place.port}`, libc().bind(socket, name, name.length))
    prepare(socket)
    return socket
  } catch (cause) {
    closeSync(socket)
    throw cause
  }
}

/** Connections that have ended do not keep the next server away. */
function reuseAddress(socket: number): void {
  const yes = Buffer.alloc(4)
  yes.writeInt32LE(1)
  checked('SO_REUSEADDR', libc().setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, yes, yes.length))
}

/** `struct sockaddr_in`. Source: ip(7). */
function nameOf({ address, port }: Place): Buffer {
  const name = Buffer.alloc(16)
  name.writeUInt16LE(AF_INET, 0)
  name.writeUInt16BE(port, 2)
  name.set(address.split('.').map(Number), 4)
  return name
}
