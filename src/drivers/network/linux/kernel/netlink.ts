/**
 * Netlink: messages of attributes, asked and answered at once. Numbers are in the machine's own order but where a protocol's
 * field is meant. Source: netlink(7), Linux, include/uapi/linux/netlink.h.
 */
import { closeSync } from 'node:fs'
import { Fault } from '../../../../base/fault.ts'
import { checked, KernelError, libc } from '../../../../base/libc.ts'

const AF_NETLINK = 16
const SOCK_RAW = 3
const SOCK_CLOEXEC = 0o2000000
const SOL_NETLINK = 270
const NETLINK_CAP_ACK = 10
const NETLINK_EXT_ACK = 11

const NLMSG_ERROR = 2
const NLMSG_DONE = 3
const NLM_F_REQUEST = 1
const NLM_F_ACK = 4
const NLM_F_DUMP = 0x300
const NLMSGERR_ATTR_MSG = 1

const headerBytes = 16
/** As large as any part of an answer is. Source: Linux, net/netlink/af_netlink.c, netlink_recvmsg. */
const partBytes = 32_768

/** What is asked for beside the type of a message. */
export const flags = { replace: 0x100, exclusive: 0x200, create: 0x400 } as const

/** A socket of NETLINK_ROUTE in the namespace that the thread is in. To be used at once, and given back. */
export class Rtnetlink implements Disposable {
  readonly #socket: number
  readonly #part = Buffer.alloc(partBytes)
  #sequence = 0

  constructor() {
    this.#socket = checked('netlink', libc().socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, 0))
    for (const option of [NETLINK_CAP_ACK, NETLINK_EXT_ACK])
      libc().setsockopt(this.#socket, SOL_NETLINK, option, u32(1), 4) // Without them errors say less.
  }

  /** Carries out one change. Throws `KernelError` with what the kernel said of it. */
  change(what: string, type: number, flagged: number, payload: Buffer): void {
    this.#send(type, NLM_F_REQUEST | NLM_F_ACK | flagged, payload)
    const answer = [...this.#receive()].find((it) => it.type === NLMSG_ERROR)
    if (!answer) throw new Fault(`netlink: no answer: ${what}`)
    checkAnswer(what, answer.payload)
  }

  /** Every object of a kind: what its messages hold. */
  dump(type: number, payload: Buffer): Buffer[] {
    this.#send(type, NLM_F_REQUEST | NLM_F_DUMP, payload)
    const found: Buffer[] = []
    for (;;) {
      for (const it of this.#receive()) {
        if (it.type === NLMSG_DONE) return found
        if (it.type === NLMSG_ERROR) checkAnswer(`asking for all (${type})`, it.payload)
        else found.push(it.payload)
      }
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#socket)
  }

  #send(type: number, flagged: number, payload: Buffer): void {
    const message = Buffer.alloc(headerBytes + payload.length)
    message.writeUInt32LE(message.length, 0)
    message.writeUInt16LE(type, 4)
    message.writeUInt16LE(flagged, 6)
    message.writeUInt32LE(++this.#sequence, 8)
    payload.copy(message, headerBytes)
    checked('netlink', Number(libc().send(this.#socket, message, BigInt(message.length), 0)))
  }

  *#receive(): Iterable<{ type: number; payload: Buffer }> {
    const bytes = checked('netlink', Number(libc().recv(this.#socket, this.#part, BigInt(partBytes), 0)))
    for (let at = 0; at < bytes; ) {
      const length = this.#part.readUInt32LE(at)
      yield {
        type: this.#part.readUInt16LE(at + 4),
        payload: Buffer.from(this.#part.subarray(at + headerBytes, at + length)),
      }
      at += align(length)
    }
  }
}

/** `struct nlmsgerr`: a negative errno, the header that it answers, and words where there are any. */
function checkAnswer(what: string, payload: Buffer): void {
  const code = -payload.readInt32LE(0)
  if (code === 0) return
  const said = attributesOf(payload, 4 + headerBytes).get(NLMSGERR_ATTR_MSG)
  throw new KernelError(said ? `${what} (${textOf(said)})` : what, code)
}

export function attribute(type: number, value: Buffer): Buffer {
  const it = Buffer.alloc(align(4 + value.length))
  it.writeUInt16LE(4 + value.length, 0)
  it.writeUInt16LE(type, 2)
  value.copy(it, 4)
  return it
}

/** An attribute that holds others. */
export function nest(type: number, ...attributes: readonly Buffer[]): Buffer {
  return attribute(type, Buffer.concat(attributes))
}

/** By type, behind the first `from` bytes. */
export function attributesOf(payload: Buffer, from = 0): Map<number, Buffer> {
  const found = new Map<number, Buffer>()
  for (let at = align(from); at + 4 <= payload.length; ) {
    const length = payload.readUInt16LE(at)
    if (length < 4) break
    found.set(payload.readUInt16LE(at + 2) & 0x3fff, payload.subarray(at + 4, at + length))
    at += align(length)
  }
  return found
}

export function u8(value: number): Buffer {
  return Buffer.from([value])
}

export function u16(value: number): Buffer {
  const it = Buffer.alloc(2)
  it.writeUInt16LE(value)
  return it
}

/** In the order of the network. */
export function be16(value: number): Buffer {
  return u16(value).swap16()
}

export function u32(value: number): Buffer {
  const it = Buffer.alloc(4)
  it.writeUInt32LE(value)
  return it
}

export function text(value: string): Buffer {
  return Buffer.from(`${value}\0`)
}

/** Up to the first zero. */
export function textOf(value: Buffer): string {
  const end = value.indexOf(0)
  return value.toString('utf8', 0, end < 0 ? value.length : end)
}

function align(bytes: number): number {
  return (bytes + 3) & ~3
}
