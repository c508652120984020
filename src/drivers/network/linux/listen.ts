import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { Server, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { Fault } from '../../../base/fault.ts'

/**
 * A TCP server that listens inside `namespace` and accepts in this process. Node.js cannot enter a namespace, but a
 * child that was started there can open the socket and hand it up: a socket stays in the namespace it was made in.
 * Connections begin to arrive at once: attach to `connection` before anything else is awaited.
 */
export async function listenIn(namespace: string, address: string, port: number, abort: AbortSignal): Promise<Server> {
  const script = fileURLToPath(new URL('./listen-child.ts', import.meta.url))
  const child = spawn(
    'nsenter',
    [`--net=/run/netns/${namespace}`, process.execPath, '--no-warnings', script, address, String(port)],
    { stdio: ['ignore', 'ignore', 'pipe', 'ipc'], signal: abort, timeout: 10_000, killSignal: 'SIGKILL' },
  )
  const errors: Buffer[] = []
  child.stderr?.on('data', (chunk: Buffer) => errors.push(chunk))
  const { promise, resolve, reject } = Promise.withResolvers<Server>()
  let server: Server | undefined
  child.on('message', (_message, handle) => {
    if (handle instanceof Server) {
      server = handle
      child.send('received')
      resolve(handle)
    } else if (handle) server?.emit('connection', (handle as Socket).resume())
  })
  child.once('error', (cause) => reject(new Fault(`cannot listen in ${namespace}`, { cause })))
  once(child, 'close').then(
    ([code]) => reject(new Fault(`cannot listen in ${namespace}: exit ${code}: ${Buffer.concat(errors)}`)),
    reject,
  )
  return await promise
}
