/** Makes the image of a bundle again. Nothing in a bundle is trusted: sizes are counted, digests compared, as the bytes pass. */
import { createDecipheriv, createHash } from 'node:crypto'
import { type FileHandle, open, rm } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { type CipherKey, type Manifest, type Part, partBytes } from './manifest.ts'
import { BundleRefused, refuseBundle } from './refused.ts'
import { untar } from './tar.ts'

export interface UnpackOptions {
  readonly manifest: Manifest
  readonly cipher: CipherKey
  /** The bytes of a part, as they are stored. */
  readonly part: (part: Part, abort: AbortSignal) => Promise<AsyncIterable<Buffer>>
  /** Is made; must not be there. */
  readonly file: string
  readonly abort: AbortSignal
  /** Is told how much of the parts was read. */
  readonly progress?: (done: number, total: number) => void
}

/** Room for the archive's own blocks: GNU tar fills up to 10 KiB, and says where holes are. */
const archiveOverhead = 64 * 2 ** 20

/** Writes the image, flushed, with holes for its zeros. Throws `BundleRefused`; then the file is not there. */
export async function unpackBundle(options: UnpackOptions): Promise<void> {
  const file = await open(options.file, 'wx', 0o600)
  try {
    await unpackTo(file, options)
    await file.sync()
    await file.close()
  } catch (error) {
    await file.close()
    await rm(options.file, { force: true })
    throw error
  }
}

async function unpackTo(file: FileHandle, options: UnpackOptions): Promise<void> {
  const { manifest, cipher, abort } = options
  const digest = createHash('sha1')
  const limit = manifest.size + archiveOverhead
  await asRefusal(() =>
    pipeline(
      Readable.from(storedBytes(options), { objectMode: false }),
      createDecipheriv('aes-128-cbc', cipher.key, cipher.iv),
      createGunzip(),
      (archive: AsyncIterable<Buffer>) => counted(archive, digest, limit),
      (archive: AsyncIterable<Buffer>) => writeImage(file, archive, manifest.size),
      { signal: abort },
    ),
  )
  if (digest.digest('hex') !== manifest.digest) refuseBundle('the image’s digest is not that of the manifest')
}

async function* storedBytes({ manifest, part, abort, progress }: UnpackOptions): AsyncGenerator<Buffer> {
  let total = 0
  for (const it of manifest.parts) {
    const digest = createHash('sha1')
    let bytes = 0
    for await (const chunk of await part(it, abort)) {
      digest.update(chunk)
      bytes += chunk.length
      total += chunk.length
      if (bytes > partBytes) refuseBundle(`${it.name} is larger than a part may be`)
      yield Buffer.from(chunk) // The reader's room is filled again.
      progress?.(total, manifest.bundledSize)
    }
    if (digest.digest('hex') !== it.digest) refuseBundle(`the digest of ${it.name} is not that of the manifest`)
  }
  if (total !== manifest.bundledSize) refuseBundle('the parts together are not as large as the manifest says')
}

async function* counted(
  source: AsyncIterable<Buffer>,
  digest: { update(bytes: Buffer): unknown },
  limit: number,
): AsyncGenerator<Buffer> {
  let bytes = 0
  for await (const chunk of source) {
    bytes += chunk.length
    if (bytes > limit) refuseBundle('the image is larger than the manifest says')
    digest.update(chunk)
    yield chunk
  }
}

async function writeImage(file: FileHandle, archive: AsyncIterable<Buffer>, size: number): Promise<void> {
  let end = 0
  for await (const { at, bytes } of untar(archive)) {
    end = at + bytes.length
    if (end > size) refuseBundle('the image is larger than the manifest says')
    if (!isEmpty(bytes)) await writeAt(file, bytes, at)
  }
  if (end !== size) refuseBundle('the image is not as large as the manifest says')
  await file.truncate(size)
}

const zeros = Buffer.alloc(64 * 1024)

function isEmpty(bytes: Buffer): boolean {
  if (bytes[0] !== 0) return bytes.length === 0
  for (let at = 0; at < bytes.length; at += zeros.length) {
    const piece = bytes.subarray(at, at + zeros.length)
    if (zeros.compare(piece, 0, piece.length, 0, piece.length) !== 0) return false
  }
  return true
}

async function writeAt(file: FileHandle, bytes: Buffer, at: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    done += (await file.write(bytes, done, bytes.length - done, at + done)).bytesWritten
  }
}

/** What decipher and decompressor say of bytes that are not what they should be. Source: Node.js documentation, errors of OpenSSL and zlib. */
async function asRefusal(work: () => Promise<unknown>): Promise<void> {
  try {
    await work()
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    if (!(error instanceof BundleRefused) && /^(?:ERR_OSSL|Z_)/.test(code))
      throw new BundleRefused('the parts are not what was encrypted', { cause: error })
    throw error
  }
}
