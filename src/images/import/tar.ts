/**
 * Reads tar archives: ustar, with the long names and the further fields of GNU and POSIX.
 * Source: POSIX.1-2017, pax, "ustar Interchange Format" and "pax Header"; GNU tar manual, "Basic Tar Format".
 */
import { Fault } from '../../base/fault.ts'

export interface TarEntry {
  /** As written: whoever uses it as a path has to look at it first. */
  readonly name: string
  readonly kind: 'file' | 'folder' | 'symlink' | 'hardlink' | 'other'
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Seconds since 1970. */
  readonly mtime: number
  readonly size: number
  readonly target: string
  /** Its content; what of it is not read is passed over. */
  readonly content: AsyncIterable<Buffer>
}

const block = 512
/** Of a header's own content: names and fields. */
const longestHeader = 1024 * 1024
const kinds: Readonly<Record<string, TarEntry['kind']>> = {
  '0': 'file',
  '\0': 'file',
  '7': 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '5': 'folder',
}

export async function* tarEntries(archive: AsyncIterable<Buffer>): AsyncGenerator<TarEntry> {
  const bytes = new Bytes(archive)
  let further: Record<string, string> = {}
  for (;;) {
    const header = await bytes.take(block)
    if (header === undefined || header.every((it) => it === 0)) return
    checkSum(header)
    const type = header.toString('latin1', 156, 157)
    const size = further['size'] === undefined ? numberAt(header, 124, 12) : Number(further['size'])
    if (!Number.isSafeInteger(size) || size < 0) throw new Fault('the archive has an entry of no size')
    if ('xgLK'.includes(type)) {
      const text = await bytes.text(size)
      if (type === 'x') further = { ...further, ...fieldsOf(text) }
      if (type === 'L') further = { ...further, path: withoutEnd(text) }
      if (type === 'K') further = { ...further, linkpath: withoutEnd(text) }
      continue
    }
    const content = bytes.content(size)
    yield entryOf(header, further, size, content)
    for await (const _ of content); // The rest of it, if any.
    await bytes.skip((block - (size % block)) % block)
    further = {}
  }
}

function entryOf(
  header: Buffer,
  further: Record<string, string>,
  size: number,
  content: AsyncIterable<Buffer>,
): TarEntry {
  const prefix = header.toString('latin1', 257, 263) === 'ustar\0' ? textAt(header, 345, 155) : ''
  const short = textAt(header, 0, 100)
  const number = (name: string, at: number, length: number) => {
    const value = further[name] === undefined ? numberAt(header, at, length) : Math.floor(Number(further[name]))
    return Number.isFinite(value) ? value : 0
  }
  return {
    name: further['path'] ?? (prefix === '' ? short : `${prefix}/${short}`),
    kind: kinds[header.toString('latin1', 156, 157)] ?? 'other',
    mode: numberAt(header, 100, 8) & 0o7777,
    uid: number('uid', 108, 8),
    gid: number('gid', 116, 8),
    mtime: number('mtime', 136, 12),
    size,
    target: further['linkpath'] ?? textAt(header, 157, 100),
    content,
  }
}

function textAt(header: Buffer, at: number, length: number): string {
  return withoutEnd(header.toString('utf8', at, at + length))
}

function withoutEnd(text: string): string {
  const end = text.indexOf('\0')
  return end < 0 ? text : text.slice(0, end)
}

/** Octal, or GNU's binary form for what is larger. */
function numberAt(header: Buffer, at: number, length: number): number {
  const first = header[at] ?? 0
  if (first & 0x80)
    return Number(BigInt(`0x${header.toString('hex', at, at + length)}`) & ((1n << BigInt(length * 8 - 1)) - 1n))
  const text = textAt(header, at, length).trim()
  return text === '' ? 0 : Number.parseInt(text, 8)
}

function checkSum(header: Buffer): void {
  let sum = 0
  for (const [index, it] of header.entries()) sum += index >= 148 && index < 156 ? 32 : it
  if (sum !== numberAt(header, 148, 8)) throw new Fault('the archive is damaged')
}

/** Records `LENGTH NAME=VALUE\n`. */
function fieldsOf(text: string): Record<string, string> {
  const fields: Record<string, string> = {}
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; ) {
    const length = Number.parseInt(bytes.toString('latin1', at, at + 20), 10)
    if (!(length > 0) || at + length > bytes.length) throw new Fault('the archive is damaged')
    const [, name, value] = /^\d+ ([^=]+)=([\s\S]*)\n$/.exec(bytes.toString('utf8', at, at + length)) ?? []
    if (name !== undefined && value !== undefined) fields[name] = value
    at += length
  }
  return fields
}

/** The archive, taken in pieces as they are wanted. */
class Bytes {
  readonly #source: AsyncIterator<Buffer>
  #rest: Buffer = Buffer.alloc(0)

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  /** At most `wanted` bytes, at least one; undefined at the end. */
  async #some(wanted: number): Promise<Buffer | undefined> {
    while (this.#rest.length === 0) {
      const next = await this.#source.next()
      if (next.done) return undefined
      this.#rest = next.value
    }
    const piece = this.#rest.subarray(0, wanted)
    this.#rest = this.#rest.subarray(piece.length)
    return piece
  }

  /** Exactly `length` bytes; undefined where the archive has ended before them. */
  async take(length: number): Promise<Buffer | undefined> {
    const pieces: Buffer[] = []
    for (let left = length; left > 0; ) {
      const piece = await this.#some(left)
      if (piece === undefined) {
        if (left === length) return undefined
        throw new Fault('the archive ends too soon')
      }
      pieces.push(piece)
      left -= piece.length
    }
    return Buffer.concat(pieces)
  }

  async text(length: number): Promise<string> {
    if (length > longestHeader) throw new Fault('the archive has a header that is too long')
    const content = length === 0 ? Buffer.alloc(0) : await this.take(length)
    await this.skip((block - (length % block)) % block)
    if (content === undefined) throw new Fault('the archive ends too soon')
    return content.toString('utf8')
  }

  async skip(length: number): Promise<void> {
    for await (const _ of this.content(length));
  }

  /** The next `length` bytes, once, whoever of several readers takes them. */
  content(length: number): AsyncIterable<Buffer> {
    const place = { left: length }
    const some = (wanted: number) => this.#some(wanted)
    return {
      async *[Symbol.asyncIterator]() {
        while (place.left > 0) {
          const piece = await some(place.left)
          if (piece === undefined) throw new Fault('the archive ends too soon')
          place.left -= piece.length
          yield piece
        }
      },
    }
  }
}
