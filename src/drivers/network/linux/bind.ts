import { spawn } from 'node:child_process'
import { Socket as UdpSocket } from 'node:dgram'
import { once } from 'node:events'
import { Server, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { Fault } from '../../../base/fault.ts'
import type { BoundSockets } from '../driver.ts'

/**
 * A TCP server and a UDP socket at each of these addresses inside `namespace`, used from this process: as `listenIn` does it,
 * all of them by one child.
 */
export async function bindIn(
  namespace: string,
  addresses: readonly string[],
  port: number,
  abort: AbortSignal,
): Promise<BoundSockets> {
  const script = fileURLToPath(new URL('./bind-child.ts', import.meta.url))
  const child = spawn(
    'nsenter',
    [`--net=/run/netns/${namespace}`, process.execPath, '--no-warnings', script, String(port), ...addresses],
    { stdio: ['ignore', 'ignore', 'pipe', 'ipc'], signal: abort, timeout: 10_000, killSignal: 'SIGKILL' },
  )
  const errors: Buffer[] = []
  child.stderr?.on('data', (chunk: Buffer) => errors.push(chunk))
  const { promise, resolve, reject } = Promise.withResolvers<BoundSockets>()
  const tcp: Server[] = []
  const udp: UdpSocket[] = []
  child.on('message', (message, handle) => {
    if (handle instanceof Server) tcp.push(handle)
    else if (handle instanceof UdpSocket) udp.push(handle)
    else if (handle) tcp[Number(message)]?.emit('connection', (handle as Socket).resume())
    if (tcp.length < addresses.length || udp.length < addresses.length || !(handle instanceof UdpSocket)) return
    child.send('received')
    resolve({ tcp, udp })
  })
  child.once('error', (cause) => reject(new Fault(`cannot bind in ${namespace}`, { cause })))
  once(child, 'close').then(
    ([code]) => reject(new Fault(`cannot bind in ${namespace}: exit ${code}: ${Buffer.concat(errors)}`)),
    reject,
  )
  return await promise
}
