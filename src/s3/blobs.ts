/**
 * Bytes of objects as files, in `<folder>/<two digits>/<id>`. A file is named by us, never by a caller; it is written once,
 * flushed, and only then named by a row. What no row names is left of a request that died, and swept away at the next start.
 */
import { createHash } from 'node:crypto'
import { type FileHandle, mkdir, open, readdir, rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { systemCode } from '../base/fault.ts'
import { hex, type Random } from '../base/random.ts'
import { type Algorithm, type Checksums, type Summing, summing } from './checksums.ts'
import { refuse } from './errors.ts'

export interface Received {
  readonly id: string
  readonly bytes: number
  /** Hexadecimal. */
  readonly md5: string
  readonly checksums: Checksums
}

/** A piece of an object: a blob, or part of one. */
export interface Segment {
  readonly id: string
  readonly bytes: number
}

/** One flush each so many bytes: the last one has little left to wait for. */
const flushEvery = 32 * 2 ** 20
const roomBytes = 256 * 1024
const mostFreeRooms = 32
/** A store that fills the disk to the end would take the guests' disks and our own database with it. */
const leastFreeBytes = 512 * 2 ** 20

export class Blobs {
  readonly #folder: string
  readonly #random: Random
  readonly #passed: (bytes: number) => void
  readonly #rooms = new Rooms()

  /** `passed` is told how many bytes come and go. */
  constructor(folder: string, random: Random, passed: (bytes: number) => void = () => {}) {
    this.#folder = folder
    this.#random = random
    this.#passed = passed
  }

  /** Writes all that `source` gives to a new file, flushed. Where that fails nothing is left. */
  async receive(source: AsyncIterable<Buffer>, algorithms: readonly Algorithm[] = []): Promise<Received> {
    const id = hex(this.#random, 32)
    const file = await this.#make(id)
    try {
      await this.#refuseFull()
      const written = await this.#write(file, source, algorithms)
      await file.datasync()
      await flushFolder(join(this.#folder, id.slice(0, 2)))
      await file.close()
      return { id, ...written }
    } catch (error) {
      await file.close()
      await this.remove([id])
      throw error
    }
  }

  /**
   * The bytes from `from` up to `to`, without it, of the segments one behind the other. The first file is open when this resolves:
   * what is replaced while it is read is read to its end. Whoever does not read to the end calls `return`. Each chunk is good until
   * the next one is asked for.
   */
  async read(segments: readonly Segment[], from: number, to: number): Promise<AsyncGenerator<Buffer>> {
    const wanted: { id: string; from: number; to: number }[] = []
    let start = 0
    for (const { id, bytes } of segments) {
      const piece = { id, from: Math.max(from - start, 0), to: Math.min(to - start, bytes) }
      if (piece.from < piece.to) wanted.push(piece)
      start += bytes
    }
    const pieces = this.#pieces(wanted)
    await pieces.next() // Up to the opening of the first.
    return pieces
  }

  async remove(ids: readonly string[]): Promise<void> {
    for (const id of ids) await rm(this.#path(id), { force: true })
  }

  /** Removes every file that `known` does not know. Only while nothing is received. */
  async sweep(known: (ids: readonly string[]) => Promise<ReadonlySet<string>>): Promise<number> {
    let removed = 0
    for (const folder of await readdir(this.#folder).catch(noneIfMissing)) {
      const ids = await readdir(join(this.#folder, folder))
      const kept = await known(ids)
      const orphans = ids.filter((it) => !kept.has(it))
      for (const id of orphans) await rm(join(this.#folder, folder, id), { force: true })
      removed += orphans.length
    }
    return removed
  }

  async *#told(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of source) {
      this.#passed(chunk.length)
      yield chunk
    }
  }

  async #write(file: FileHandle, source: AsyncIterable<Buffer>, algorithms: readonly Algorithm[]) {
    const md5 = createHash('md5')
    const sums = algorithms.map((it): [Algorithm, Summing] => [it, summing(it)])
    await using batches = new Batches(file, this.#rooms)
    let bytes = 0
    for await (const chunk of this.#told(source)) {
      md5.update(chunk)
      for (const [, sum] of sums) sum.update(chunk)
      bytes += chunk.length
      await batches.add(chunk)
    }
    await batches.end()
    const checksums = Object.fromEntries(
      sums.map(([name, sum]) => [name, sum.digest().toString('base64')]),
    ) as Checksums
    return { bytes, md5: md5.digest('hex'), checksums }
  }

  async #make(id: string): Promise<FileHandle> {
    await mkdir(join(this.#folder, id.slice(0, 2)), { recursive: true, mode: 0o700 })
    return await open(this.#path(id), 'wx', 0o600)
  }

  async #refuseFull(): Promise<void> {
    const { bavail, bsize } = await statfs(this.#folder)
    if (bavail * bsize < leastFreeBytes)
      refuse('InternalError', 'There is no room left on the disk of this object store.')
  }

  async *#pieces(pieces: readonly { id: string; from: number; to: number }[]): AsyncGenerator<Buffer> {
    const files: FileHandle[] = []
    const room = this.#rooms.take()
    try {
      for (const { id } of pieces) files.push(await open(this.#path(id)))
      yield nothing
      for (const [index, piece] of pieces.entries()) yield* this.#told(bytesOf(files[index]!, piece, room)) // as many as pieces
    } finally {
      this.#rooms.giveBack(room)
      for (const file of files) await file.close()
    }
  }

  #path(id: string): string {
    return join(this.#folder, id.slice(0, 2), id)
  }
}

/**
 * Bytes on their way to the end of a file, gathered: a write of 256 KiB takes less than half of the processor's time that four of
 * 64 KiB take, and longer ones save little more. One room is written while the other is filled.
 */
class Batches implements AsyncDisposable {
  readonly #file: FileHandle
  readonly #rooms: Rooms
  #room: Buffer
  #other: Buffer
  #filled = 0
  #unflushed = 0
  #writing: Promise<void> = Promise.resolve()
  #flushing: Promise<void> = Promise.resolve()

  constructor(file: FileHandle, rooms: Rooms) {
    this.#file = file
    this.#rooms = rooms
    this.#room = rooms.take()
    this.#other = rooms.take()
  }

  /** The chunk has been copied when this resolves. */
  async add(chunk: Buffer): Promise<void> {
    for (let at = 0; at < chunk.length; ) {
      const copied = chunk.copy(this.#room, this.#filled, at)
      this.#filled += copied
      at += copied
      if (this.#filled === this.#room.length) await this.#next()
    }
    if (this.#unflushed < flushEvery) return
    await this.#flushing
    this.#flushing = this.#file.datasync()
    this.#flushing.catch(() => {}) // Thrown where it is waited for.
    this.#unflushed = 0
  }

  async end(): Promise<void> {
    await this.#next()
    await this.#writing
    await this.#flushing
  }

  /** Nothing is under way any more, come what may: the file may be closed. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled([this.#writing, this.#flushing])
    this.#rooms.giveBack(this.#room)
    this.#rooms.giveBack(this.#other)
  }

  async #next(): Promise<void> {
    await this.#writing
    const full = this.#room
    this.#writing = writeAll(this.#file, full.subarray(0, this.#filled))
    this.#writing.catch(() => {}) // Likewise.
    this.#unflushed += this.#filled
    this.#room = this.#other
    this.#other = full
    this.#filled = 0
  }
}

/** Buffers that are used again: as garbage they would lie about until V8 looks, and to it they are small. */
class Rooms {
  readonly #free: Buffer[] = []

  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(roomBytes)
  }

  /** What nobody uses any more. */
  giveBack(room: Buffer): void {
    if (this.#free.length < mostFreeRooms) this.#free.push(room)
  }
}

async function writeAll(file: FileHandle, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += (await file.write(bytes, at)).bytesWritten
}

/** Each piece is read to the same room: the one before it has been used up. */
async function* bytesOf(
  file: FileHandle,
  { from, to }: { from: number; to: number },
  room: Buffer,
): AsyncGenerator<Buffer> {
  for (let at = from; at < to; ) {
    const { bytesRead } = await file.read(room, 0, Math.min(room.length, to - at), at)
    if (bytesRead === 0) throw new Error('a file of the object store is shorter than its row says')
    at += bytesRead
    yield room.subarray(0, bytesRead)
  }
}

const nothing = Buffer.alloc(0)

/** The name is on disk too. */
async function flushFolder(folder: string): Promise<void> {
  await using handle = await open(folder)
  await handle.sync()
}

function noneIfMissing(error: unknown): string[] {
  if (systemCode(error) === 'ENOENT') return []
  throw error
}
