/** Checksums beside the MD5: which a request carries, and what they come to. Source: Amazon S3 User Guide, "Checking object integrity". */
import { createHash } from 'node:crypto'
import { combineCrc, newCrc32, newCrc32c, newCrc64Nvme } from './crc.ts'
import { refuse } from './errors.ts'

export const algorithms = ['crc32', 'crc32c', 'crc64nvme', 'sha1', 'sha256'] as const
export type Algorithm = (typeof algorithms)[number]
/** Base 64. */
export type Checksums = Readonly<Partial<Record<Algorithm, string>>>

export interface Summing {
  update(bytes: Uint8Array): unknown
  digest(): Buffer
}

const makers: Readonly<Record<Algorithm, () => Summing>> = {
  crc32: newCrc32,
  crc32c: newCrc32c,
  crc64nvme: newCrc64Nvme,
  sha1: () => createHash('sha1'),
  sha256: () => createHash('sha256'),
}

export function summing(algorithm: Algorithm): Summing {
  return makers[algorithm]()
}

/** What requests and answers call an algorithm: `CRC32C`. */
export function algorithmNamed(name: string): Algorithm {
  const found = algorithms.find((it) => it === name.toLowerCase())
  return found ?? refuse('InvalidRequest', `The checksum algorithm ${name.slice(0, 32)} is not supported.`)
}

export const headerOfChecksum = (algorithm: Algorithm) => `x-amz-checksum-${algorithm}`
/** `ChecksumCRC32C`. */
export const elementOfChecksum = (algorithm: Algorithm) => `Checksum${algorithm.toUpperCase()}`

/** The checksums that headers (or trailers) declare. */
export function declaredChecksums(header: (name: string) => string | undefined): Checksums {
  const found = algorithms.flatMap((it) => {
    const value = header(headerOfChecksum(it))
    return value === undefined ? [] : [[it, value] as const]
  })
  return Object.fromEntries(found)
}

/** Refuses where what was declared is not what came. */
export function compareChecksums(declared: Checksums, actual: Checksums): void {
  for (const [name, value] of Object.entries(declared)) {
    if (actual[name as Algorithm] !== value)
      refuse('BadDigest', `The ${name.toUpperCase()} you specified did not match the calculated checksum.`)
  }
}

interface Piece {
  readonly bytes: number
  readonly checksum: string
}

/** The checksum of the whole: of the parts' checksums, with their number behind it; or, for a CRC, of all their bytes. */
export function checksumOfParts(algorithm: Algorithm, parts: readonly Piece[], whole: boolean): string {
  const pieces: { bytes: number; sum: Buffer }[] = parts.map((it) => ({
    bytes: it.bytes,
    sum: Buffer.from(it.checksum, 'base64'),
  }))
  if (!whole) {
    const sum = summing(algorithm)
    for (const piece of pieces) sum.update(piece.sum)
    return `${sum.digest().toString('base64')}-${pieces.length}`
  }
  if (algorithm === 'sha1' || algorithm === 'sha256')
    refuse(
      'InvalidRequest',
      `The checksum of a whole object cannot be ${algorithm.toUpperCase()} in a multipart upload.`,
    )
  const combined = pieces.reduce((before, it) => ({
    bytes: before.bytes + it.bytes,
    sum: combineCrc(algorithm, before.sum, it.sum, it.bytes),
  }))
  return combined.sum.toString('base64')
}
