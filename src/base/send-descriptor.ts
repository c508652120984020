import { getRawPointer } from 'node:ffi'
import type { Socket } from 'node:net'
import { descriptorOf } from './descriptor.ts'
import { Fault } from './fault.ts'
import { checked, libc } from './libc.ts'

/** Source: Linux, include/linux/socket.h. */
const SOL_SOCKET = 1
const SCM_RIGHTS = 1

/**
 * Writes a text to a UNIX socket, and with it a descriptor of ours, of which the other side gets one of its own. Nothing that was
 * written before may be waiting. Source: sendmsg(2), cmsg(3), unix(7).
 */
export function sendDescriptor(socket: Socket, text: string, descriptor: number): void {
  const content = Buffer.from(text)
  const vector = Buffer.alloc(16)
  vector.writeBigUInt64LE(getRawPointer(content), 0)
  vector.writeBigUInt64LE(BigInt(content.length), 8)
  const control = Buffer.alloc(24)
  control.writeBigUInt64LE(20n, 0)
  control.writeInt32LE(SOL_SOCKET, 8)
  control.writeInt32LE(SCM_RIGHTS, 12)
  control.writeInt32LE(descriptor, 16)
  const message = Buffer.alloc(56)
  message.writeBigUInt64LE(getRawPointer(vector), 16)
  message.writeBigUInt64LE(1n, 24)
  message.writeBigUInt64LE(getRawPointer(control), 32)
  message.writeBigUInt64LE(BigInt(control.length), 40)
  if (socket.writableLength > 0) throw new Fault('the socket has something to write before')
  const sent = checked('sendmsg', Number(libc().sendmsg(descriptorOf(socket), message, 0)))
  if (sent !== content.length) throw new Fault(`only ${sent} bytes were taken with a descriptor`)
}
