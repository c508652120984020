/**
 * The C library's calls that Node.js has none of its own for. A failed call throws `KernelError`.
 * Libraries are opened when first used: nothing here asks for Linux before.
 */
import { dlopen, getInt32, toString as textAt } from 'node:ffi'
import { Fault } from './fault.ts'

/** A call that the kernel refused; `code` is errno's. */
export class KernelError extends Fault {
  readonly code: number

  constructor(call: string, code: number) {
    super(`${call}: ${libc().textOf(code)}`)
    this.name = 'KernelError'
    this.code = code
  }
}

/** Gives what a call gave, unless that is negative: then it failed. */
export function checked(call: string, result: number): number {
  if (result < 0) throw new KernelError(call, libc().errno())
  return result
}

export type Libc = ReturnType<typeof open>

let opened: Libc | undefined

export function libc(): Libc {
  opened ??= open()
  return opened
}

/** Pointers are addresses; sizes of C's `long` are 64 bits, as on all machines that we run on. Source: the manual pages, sections 2 and 3. */
function open() {
  const { functions } = dlopen('libc.so.6', {
    setns: { arguments: ['int32', 'int32'], return: 'int32' },
    unshare: { arguments: ['int32'], return: 'int32' },
    gettid: { arguments: [], return: 'int32' },
    mount: { arguments: ['string', 'string', 'string', 'uint64', 'pointer'], return: 'int32' },
    umount2: { arguments: ['string', 'int32'], return: 'int32' },
    socket: { arguments: ['int32', 'int32', 'int32'], return: 'int32' },
    setsockopt: { arguments: ['int32', 'int32', 'int32', 'buffer', 'uint32'], return: 'int32' },
    bind: { arguments: ['int32', 'buffer', 'uint32'], return: 'int32' },
    listen: { arguments: ['int32', 'int32'], return: 'int32' },
    send: { arguments: ['int32', 'buffer', 'uint64', 'int32'], return: 'int64' },
    sendmsg: { arguments: ['int32', 'buffer', 'int32'], return: 'int64' },
    recv: { arguments: ['int32', 'buffer', 'uint64', 'int32'], return: 'int64' },
    if_nametoindex: { arguments: ['string'], return: 'uint32' },
    ioctl: { arguments: ['int32', 'uint64', 'buffer'], return: 'int32' },
    memfd_create: { arguments: ['string', 'uint32'], return: 'int32' },
    fcntl: { arguments: ['int32', 'int32', 'int32'], return: 'int32' },
    strerror: { arguments: ['int32'], return: 'pointer' },
    __errno_location: { arguments: [], return: 'pointer' },
  })
  const { functions: byValue } = dlopen('libc.so.6', {
    ioctl: { arguments: ['int32', 'uint64', 'uint64'], return: 'int32' },
  })
  return {
    ...functions,
    ioctlByValue: byValue.ioctl,
    errno: () => getInt32(functions.__errno_location()),
    textOf: (code: number) => textAt(functions.strerror(code)) ?? `error ${code}`,
  }
}
