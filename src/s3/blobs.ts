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
const batchBytes = 2 ** 18
const readBytes = 256 * 1024
/** A store that fills the disk to the end would take the guests' disks and our own database with it. */
const leastFreeBytes = 512 * 2 ** 20

export class Blobs {
  readonly #folder: string
  readonly #random: Random

  constructor(folder: string, random: Random) {
    this.#folder = folder
    this.#random = random
  }

  /**
   * Writes all that `source` gives to a new file, flushed. Where that fails nothing is left. Chunks are written some time after they
   * were given: they have to stay as they are.
   */
  async receive(source: AsyncIterable<Buffer>, algorithms: readonly Algorithm[] = []): Promise<Received> {
    const id = hex(this.#random, 32)
    const file = await this.#make(id)
    try {
      await this.#refuseFull()
      const written = await write(file, source, algorithms)
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

  /** The bytes that `read` would give as a new file. */
  async copy(
    segments: readonly Segment[],
    from: number,
    to: number,
    algorithms: readonly Algorithm[],
  ): Promise<Received> {
    return await this.receive(eachOnItsOwn(await this.read(segments, from, to)), algorithms)
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
    try {
      for (const { id } of pieces) files.push(await open(this.#path(id)))
      yield nothing
      const room = Buffer.allocUnsafeSlow(readBytes)
      for (const [index, piece] of pieces.entries()) yield* bytesOf(files[index]!, piece, room) // as many as pieces
    } finally {
      for (const file of files) await file.close()
    }
  }

  #path(id: string): string {
    return join(this.#folder, id.slice(0, 2), id)
  }
}

async function write(file: FileHandle, source: AsyncIterable<Buffer>, algorithms: readonly Algorithm[]) {
  const md5 = createHash('md5')
  const sums = algorithms.map((it): [Algorithm, Summing] => [it, summing(it)])
  await using batches = new Batches(file)
  let bytes = 0
  for await (const chunk of source) {
    md5.update(chunk)
    for (const [, sum] of sums) sum.update(chunk)
    bytes += chunk.length
    await batches.add(chunk)
  }
  await batches.end()
  const checksums = Object.fromEntries(sums.map(([name, sum]) => [name, sum.digest().toString('base64')])) as Checksums
  return { bytes, md5: md5.digest('hex'), checksums }
}

/**
 * Chunks on their way to the end of a file. They are written some at once: a write of 256 KiB takes less than half of the processor's
 * time that four of 64 KiB take, and longer ones save little more. One is under way while the next is gathered.
 */
class Batches implements AsyncDisposable {
  readonly #file: FileHandle
  #batch: Buffer[] = []
  #bytes = 0
  #unflushed = 0
  #writing: Promise<void> = Promise.resolve()
  #flushing: Promise<void> = Promise.resolve()

  constructor(file: FileHandle) {
    this.#file = file
  }

  async add(chunk: Buffer): Promise<void> {
    this.#batch.push(chunk)
    this.#bytes += chunk.length
    if (this.#bytes < batchBytes) return
    await this.#next()
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
  }

  async #next(): Promise<void> {
    const batch = this.#batch
    this.#unflushed += this.#bytes
    this.#batch = []
    this.#bytes = 0
    await this.#writing
    this.#writing = writeAll(this.#file, batch)
    this.#writing.catch(() => {}) // Likewise.
  }
}

async function writeAll(file: FileHandle, batch: readonly Buffer[]): Promise<void> {
  for (let left = batch; left.length > 0; ) left = behind(left, (await file.writev(left)).bytesWritten)
}

/** What is left of the chunks behind so many bytes. */
function behind(chunks: readonly Buffer[], bytes: number): Buffer[] {
  let skipped = bytes
  return chunks.flatMap((chunk) => {
    const rest = chunk.subarray(skipped)
    skipped -= chunk.length - rest.length
    return rest.length > 0 ? [rest] : []
  })
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

async function* eachOnItsOwn(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) yield Buffer.from(chunk)
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
