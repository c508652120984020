/** A client of NBD that writes numbers, each acknowledged before the next. Source: NBD protocol (doc/proto.md), fixed newstyle. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { Fault } from '../../../../base/fault.ts'

const blockBytes = 512
const [optionMagic, requestMagic, replyMagic] = [0x49484156454f5054n, 0x25609513, 0x67446698]
/** Forces the write to the disk before it is acknowledged. */
const forceUnitAccess = 1

export class NbdClient {
  readonly #socket: Socket
  #handle = 0n

  private constructor(socket: Socket) {
    this.#socket = socket
  }

  static async open(path: string, name: string): Promise<NbdClient> {
    const socket = connect(path)
    socket.on('error', () => {}) // Whoever reads is told.
    await once(socket, 'connect')
    const client = new NbdClient(socket)
    await client.#read(18) // Magic, magic, flags.
    const option = Buffer.alloc(4 + 8 + 4 + 4)
    option.writeUInt32BE(3, 0) // Fixed newstyle, no zeroes.
    option.writeBigUInt64BE(optionMagic, 4)
    option.writeUInt32BE(1, 12) // NBD_OPT_EXPORT_NAME
    option.writeUInt32BE(name.length, 16)
    socket.write(Buffer.concat([option, Buffer.from(name)]))
    await client.#read(10) // Size, flags.
    return client
  }

  /** Writes `number` into its own block. Resolves once it is acknowledged, and so on disk. */
  async write(number: number): Promise<void> {
    const data = Buffer.alloc(blockBytes)
    data.writeUInt32BE(number, 0)
    data.writeUInt32BE((number ^ 0xffffffff) >>> 0, 4)
    await this.#ask(1, number * blockBytes, blockBytes, data)
  }

  /** The number in this block; undefined where nothing was written, or something else. */
  async read(block: number): Promise<number | undefined> {
    await this.#ask(0, block * blockBytes, blockBytes)
    const data = await this.#read(blockBytes)
    const number = data.readUInt32BE(0)
    return (number ^ 0xffffffff) >>> 0 === data.readUInt32BE(4) ? number : undefined
  }

  close(): void {
    this.#socket.destroy()
  }

  async #ask(command: number, offset: number, length: number, data = Buffer.alloc(0)): Promise<void> {
    const request = Buffer.alloc(28)
    request.writeUInt32BE(requestMagic, 0)
    request.writeUInt16BE(command === 1 ? forceUnitAccess : 0, 4)
    request.writeUInt16BE(command, 6)
    request.writeBigUInt64BE(++this.#handle, 8)
    request.writeBigUInt64BE(BigInt(offset), 16)
    request.writeUInt32BE(length, 24)
    this.#socket.write(Buffer.concat([request, data]))
    const reply = await this.#read(16)
    if (reply.readUInt32BE(0) !== replyMagic || reply.readUInt32BE(4) !== 0) throw new Fault('NBD: refused')
  }

  async #read(bytes: number): Promise<Buffer> {
    for (;;) {
      const found: Buffer | null = this.#socket.read(bytes)
      if (found?.length === bytes) return found
      if (this.#socket.destroyed || this.#socket.readableEnded) throw new Fault('NBD: hung up')
      await this.#change()
    }
  }

  async #change(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const events = ['readable', 'close', 'end'] as const
    for (const it of events) this.#socket.once(it, resolve)
    await promise
    for (const it of events) this.#socket.off(it, resolve)
  }
}
