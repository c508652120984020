/** Archives of one file, as bundles have them. Source: POSIX.1-2017, pax, "ustar Interchange Format"; GNU tar manual, "Basic Tar Format", old sparse files. */
import { refuseBundle } from './refused.ts'

const block = 512

/** What stands before the file. The same file of the same name gives the same bytes. */
export function tarHeader(name: string, size: number): Buffer {
  const header = Buffer.alloc(block)
  header.write(name.slice(0, 100), 0)
  header.write('0000644\0', 100)
  header.write('0000000\0', 108)
  header.write('0000000\0', 116)
  if (size < 8 ** 11) header.write(`${size.toString(8).padStart(11, '0')}\0`, 124)
  else {
    header.writeUInt8(0x80, 124) // GNU's way to say more than 8 GiB.
    header.writeBigUInt64BE(BigInt(size), 128)
  }
  header.write('00000000000\0', 136)
  header.write('        0', 148)
  header.write('ustar\x0000', 257)
  const sum = header.reduce((all, byte) => all + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return header
}

/** What stands behind it: zeros to the end of its block, and two blocks of them. */
export function tarTrailer(size: number): Buffer {
  return Buffer.alloc(((block - (size % block)) % block) + 2 * block)
}

/** A run of the file's bytes, at its place. Between runs there are zeros. */
export interface Run {
  readonly at: number
  readonly bytes: Buffer
}

/** The one file in the archive: its runs, and at last one of no bytes at its end. Refuses links, folders, and a second file. */
export async function* untar(source: AsyncIterable<Buffer>): AsyncGenerator<Run> {
  const input = new Blocks(source)
  const header = (await input.take(block)) ?? refuseBundle('the archive is empty')
  const type = String.fromCharCode(header[156] ?? 0)
  if (type !== '0' && type !== '\0' && type !== 'S') refuseBundle('the archive has something else than a file in it')
  const stored = numberAt(header, 124)
  const regions = type === 'S' ? await sparseRegions(header, input) : [{ at: 0, size: stored }]
  const size = type === 'S' ? numberAt(header, 483) : stored
  if (regions.reduce((sum, it) => sum + it.size, 0) !== stored)
    refuseBundle('the archive’s sizes contradict each other')
  let end = 0
  for (const region of regions) {
    if (region.at < end || region.at + region.size > size) refuseBundle('the archive’s sizes contradict each other')
    end = region.at + region.size
    let at = region.at
    for await (const bytes of input.pieces(region.size)) {
      yield { at, bytes }
      at += bytes.length
    }
  }
  yield { at: size, bytes: Buffer.alloc(0) }
  await input.take((block - (stored % block)) % block)
  for await (const rest of input.rest())
    if (rest.some((byte) => byte !== 0)) refuseBundle('the archive has more than one file in it')
}

async function sparseRegions(header: Buffer, input: Blocks): Promise<{ at: number; size: number }[]> {
  const regions = entries(header, 386, 4)
  let extended = header[482] === 1
  while (extended) {
    const more = (await input.take(block)) ?? refuseBundle('the archive is cut short')
    regions.push(...entries(more, 0, 21))
    if (regions.length > 1_000_000) refuseBundle('the archive has too many holes')
    extended = more[504] === 1
  }
  return regions
}

function entries(bytes: Buffer, from: number, count: number): { at: number; size: number }[] {
  return Array.from({ length: count }, (_, index) => from + index * 24)
    .filter((at) => bytes[at] !== 0)
    .map((at) => ({ at: numberAt(bytes, at), size: numberAt(bytes, at + 12) }))
}

/** Octal digits, or GNU's binary form. */
function numberAt(bytes: Buffer, at: number): number {
  const field = bytes.subarray(at, at + 12)
  const value =
    (field[0] ?? 0) & 0x80
      ? Number(field.readBigUInt64BE(4))
      : Number.parseInt(field.toString('latin1').replace(/[\0 ]+$/, '') || '0', 8)
  return Number.isSafeInteger(value) && value >= 0 ? value : refuseBundle('the archive has a size that is no number')
}

/** A stream by exact lengths. */
class Blocks {
  readonly #source: AsyncIterator<Buffer>
  #kept: Buffer = Buffer.alloc(0)

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  /** So many bytes; nothing where the stream has ended before the first of them. */
  async take(length: number): Promise<Buffer | undefined> {
    const pieces: Buffer[] = []
    for await (const it of this.pieces(length, pieces)) pieces.push(it)
    return pieces.length === 0 && length > 0 ? undefined : Buffer.concat(pieces)
  }

  async *pieces(length: number, already?: readonly Buffer[]): AsyncGenerator<Buffer> {
    for (let left = length; left > 0; ) {
      if (this.#kept.length === 0) {
        const { value, done } = await this.#source.next()
        if (done && already?.length === 0) return
        if (done) refuseBundle('the archive is cut short')
        this.#kept = value as Buffer
        continue
      }
      const piece = this.#kept.subarray(0, left)
      this.#kept = this.#kept.subarray(piece.length)
      left -= piece.length
      yield piece
    }
  }

  async *rest(): AsyncGenerator<Buffer> {
    if (this.#kept.length > 0) yield this.#kept
    for (let it = await this.#source.next(); !it.done; it = await this.#source.next()) yield it.value
  }
}
