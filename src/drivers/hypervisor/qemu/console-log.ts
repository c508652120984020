import { type FileHandle, open, rename, writeFile } from 'node:fs/promises'
import { systemCode } from '../../../base/fault.ts'

/** What is surely kept. EC2 shows the last 64 KiB. Source: EC2 API Reference, GetConsoleOutput. */
const keptBytes = 256 * 1024

/** The console's file: what was taken out of QEMU's ring, the oldest cut off. */
export class ConsoleLog {
  readonly #file: string

  constructor(file: string) {
    this.#file = file
  }

  async append(bytes: Buffer): Promise<void> {
    if (bytes.length === 0) return
    await writeFile(this.#file, bytes, { flag: 'a', mode: 0o600 })
    await using handle = await open(this.#file, 'r')
    const { size } = await handle.stat()
    if (size > 2 * keptBytes) await this.#replace(await tailOf(handle, size, keptBytes))
  }

  /** The last `bytes`; empty if nothing was ever written. */
  async tail(bytes: number): Promise<Buffer> {
    try {
      await using handle = await open(this.#file, 'r')
      return await tailOf(handle, (await handle.stat()).size, bytes)
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return Buffer.alloc(0)
      throw error
    }
  }

  async #replace(content: Buffer): Promise<void> {
    await writeFile(`${this.#file}.new`, content, { mode: 0o600 })
    await rename(`${this.#file}.new`, this.#file)
  }
}

async function tailOf(handle: FileHandle, size: number, bytes: number): Promise<Buffer> {
  const length = Math.min(size, bytes)
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, size - length)
  return buffer.subarray(0, bytesRead)
}
