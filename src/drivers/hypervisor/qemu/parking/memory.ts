/**
 * The memory of a parked machine: a file without a name, which its copies map for themselves alone. QEMU 7.2 opens the file of a
 * machine's memory to write, whether or not it shares it, and runs as a user who may not: so nobody can write to it, by its seals.
 * Source: QEMU 7.2, softmmu/physmem.c (file_ram_open); memfd_create(2), "File sealing".
 */
import { closeSync, ftruncateSync, writeSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { checked, libc } from '../../../../base/libc.ts'

/** Source: Linux, include/uapi/linux/memfd.h, fcntl.h. */
const MFD_CLOEXEC = 1
const MFD_ALLOW_SEALING = 2
const F_ADD_SEALS = 1033
const F_SEAL_SEAL = 1
const F_SEAL_SHRINK = 2
const F_SEAL_GROW = 4
const F_SEAL_WRITE = 8

/** How maps of a process name it. */
export const memoryName = 'cumulet-parked'
const chunkBytes = 256 * 1024
const nothing = Buffer.alloc(chunkBytes)

/** The descriptor of empty memory, which others can write to until it is sealed. */
export function makeMemory(bytes: number): number {
  const memory = checked('memfd_create', libc().memfd_create(memoryName, MFD_CLOEXEC | MFD_ALLOW_SEALING))
  try {
    ftruncateSync(memory, bytes)
    checked('sealing', libc().fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW))
    return memory
  } catch (error) {
    closeSync(memory)
    throw error
  }
}

/** The descriptor of a file without a name that holds this, to be read from its beginning. */
export function anonymousFile(content: Buffer): number {
  const file = checked('memfd_create', libc().memfd_create('cumulet-state', MFD_CLOEXEC))
  try {
    writeSync(file, content, 0, content.length, 0)
    return file
  } catch (error) {
    closeSync(file)
    throw error
  }
}

/** From now on nobody changes it. Throws while somebody has it mapped to write. */
export function seal(memory: number): void {
  checked('sealing', libc().fcntl(memory, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SEAL))
}

/** What can be called by a path in a process that was given the descriptor as this number. */
export function pathOf(descriptor: number): string {
  return `/proc/self/fd/${descriptor}`
}

export interface Chunk {
  readonly offset: number
  readonly bytes: Buffer
}

/** Writes it to a new file, in which pages without content take no space; tells each piece that has some. */
export async function saveMemory(memory: number, file: string, tell: (chunk: Chunk) => void): Promise<void> {
  await using from = await open(`/proc/self/fd/${memory}`, 'r')
  await using to = await open(file, 'wx', 0o600)
  await copy(from, to, tell)
  await to.datasync()
}

/** The descriptor of sealed memory with what the file holds. */
export async function loadMemory(file: string): Promise<number> {
  await using from = await open(file, 'r')
  const memory = makeMemory((await from.stat()).size)
  try {
    {
      await using to = await open(`/proc/self/fd/${memory}`, 'r+')
      await copy(from, to)
    }
    seal(memory)
    return memory
  } catch (error) {
    closeSync(memory)
    throw error
  }
}

async function copy(from: FileHandle, to: FileHandle, tell: (chunk: Chunk) => void = () => {}): Promise<void> {
  const { size } = await from.stat()
  await to.truncate(size).catch(() => {}) // One that is sealed has its size.
  const buffer = Buffer.alloc(chunkBytes)
  for (let offset = 0; offset < size; offset += chunkBytes) {
    const { bytesRead } = await from.read(buffer, 0, chunkBytes, offset)
    const bytes = buffer.subarray(0, bytesRead)
    if (bytes.equals(nothing.subarray(0, bytesRead))) continue
    tell({ offset, bytes })
    await to.write(bytes, 0, bytesRead, offset)
  }
}
