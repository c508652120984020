/** Makes a bundle of an image: archive, compress, encrypt, cut into parts. */
import { createCipheriv, createHash, type KeyObject } from 'node:crypto'
import { type FileHandle, open, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { createGzip } from 'node:zlib'
import { type CipherKey, type Manifest, type Part, partBytes, wrapKey, writeManifest } from './manifest.ts'
import { tarHeader, tarTrailer } from './tar.ts'

export interface PackOptions {
  /** The image's file. */
  readonly image: string
  /** Where parts and manifest go. */
  readonly folder: string
  /** What they begin with. */
  readonly prefix: string
  readonly about: Pick<Manifest, 'architecture' | 'kernel' | 'ramdisk' | 'user'>
  /** PEM. */
  readonly cloudCertificate: string
  readonly userCertificate: string
  readonly userKey: KeyObject
  /** Sixteen bytes each, never used before. */
  readonly cipher: CipherKey
  /** Is told how much of the image was read. */
  readonly progress: (done: number, total: number) => void
}

/** Writes `PREFIX.part.N` and `PREFIX.manifest.xml`; the manifest's path. */
export async function packBundle(options: PackOptions): Promise<string> {
  await using file = await open(options.image)
  const { size } = await file.stat()
  const archive = createHash('sha1')
  const plain = Readable.from(archived(file, size, options, archive), { objectMode: false })
  const encrypted = plain
    .compose(createGzip())
    .compose(createCipheriv('aes-128-cbc', options.cipher.key, options.cipher.iv))
  const { parts, bundledSize } = await writeParts(encrypted as AsyncIterable<Buffer>, options)
  const keys = {
    cloud: wrapKey(options.cipher, options.cloudCertificate),
    user: wrapKey(options.cipher, options.userCertificate),
  }
  const manifest = {
    ...options.about,
    name: options.prefix,
    digest: archive.digest('hex'),
    size,
    bundledSize,
    parts,
    keys,
  }
  const path = join(options.folder, `${options.prefix}.manifest.xml`)
  await writeFile(path, writeManifest(manifest, options.userKey))
  return path
}

async function* archived(
  file: FileHandle,
  size: number,
  { prefix, progress }: PackOptions,
  digest: { update(bytes: Buffer): unknown },
): AsyncGenerator<Buffer> {
  const told = (bytes: Buffer) => {
    digest.update(bytes)
    return bytes
  }
  yield told(tarHeader(prefix, size))
  for (let at = 0; at < size; ) {
    const chunk = Buffer.alloc(Math.min(2 ** 20, size - at))
    const { bytesRead } = await file.read(chunk, 0, chunk.length, at)
    if (bytesRead === 0) throw new Error('the image became shorter while it was read')
    at += bytesRead
    yield told(chunk.subarray(0, bytesRead))
    progress(at, size)
  }
  yield told(tarTrailer(size))
}

async function writeParts(source: AsyncIterable<Buffer>, { folder, prefix }: PackOptions) {
  const parts: Part[] = []
  let bundledSize = 0
  for await (const content of cut(source)) {
    const name = `${prefix}.part.${parts.length}`
    await writeFile(join(folder, name), content)
    parts.push({ name, digest: createHash('sha1').update(content).digest('hex') })
    bundledSize += content.length
  }
  return { parts, bundledSize }
}

async function* cut(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let kept: Buffer[] = []
  let length = 0
  for await (const chunk of source) {
    kept.push(chunk)
    length += chunk.length
    while (length >= partBytes) {
      const all = Buffer.concat(kept)
      yield all.subarray(0, partBytes)
      kept = [all.subarray(partBytes)]
      length -= partBytes
    }
  }
  if (length > 0) yield Buffer.concat(kept)
}
