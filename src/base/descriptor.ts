import type { Server, Socket } from 'node:net'
import { Fault } from './fault.ts'

/** The descriptor of a socket that is open. Node has no documented way to it; this one is as old as Node is. */
export function descriptorOf(socket: Server | Socket): number {
  const handle = (socket as { _handle?: { fd?: unknown } })._handle
  if (typeof handle?.fd !== 'number' || handle.fd < 0) throw new Fault('the socket has no descriptor')
  return handle.fd
}
