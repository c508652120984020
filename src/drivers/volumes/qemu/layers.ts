import { chmod, chown, constants, copyFile, open, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Fault, systemCode } from '../../../base/fault.ts'
import { hex, type Random } from '../../../base/random.ts'
import { run } from '../../../base/subprocess.ts'
import { sealedBy, secretObject, withSecret } from './keys.ts'

/** A layer's file: `0.qcow2`, over it one with a higher number, and so on. The highest is the one that is written to. */
export function layerFile(folder: string, layer: number): string {
  return join(folder, `${layer}.qcow2`)
}

/** The file in which a volume has, once it is filled in, what its lowest layer lies over. */
export function baseFile(folder: string): string {
  return join(folder, 'base.qcow2')
}

/** The highest layer in `folder`. Throws where there is none, or one is missing below. */
export async function topLayer(folder: string): Promise<number> {
  const [top] = await layersOf(folder)
  return top! // layersOf throws where there is none
}

/** The layers in `folder`, from the highest down. Throws where there is none, or one is missing or none of ours. */
export async function layersOf(folder: string): Promise<number[]> {
  const top = Math.max(-1, ...(await numbersIn(folder)))
  if (top < 0) throw new Fault('the volume has no layer')
  return layersFrom(folder, top)
}

/** Every number that a layer in `folder` has, whether or not it is of use. */
export async function numbersIn(folder: string): Promise<number[]> {
  return (await readdir(folder)).flatMap((it) => /^(\d+)\.qcow2$/.exec(it)?.[1] ?? []).map(Number)
}

/** The layer and those of the same folder that it lies over, as their files say. */
export async function layersFrom(folder: string, layer: number): Promise<number[]> {
  const found: number[] = []
  for (let next: number | undefined = layer; next !== undefined; ) {
    found.push(next)
    const below: string | undefined = await backingOf(layerFile(folder, next), `layer ${next}`)
    const number = below === undefined ? undefined : /^(\d+)\.qcow2$/.exec(below)?.[1]
    if (number !== undefined && Number(number) >= next) throw new Fault(`layer ${next} lies over layer ${number}`)
    next = number === undefined ? undefined : Number(number)
  }
  return found
}

/** What the file says that it lies over. Throws where it is missing or torn: one that ends before its own tables do. Source: QEMU, docs/interop/qcow2, "Header". */
export async function backingOf(file: string, name: string): Promise<string | undefined> {
  try {
    await using opened = await open(file)
    const header = Buffer.alloc(60)
    const { bytesRead } = await opened.read(header, 0, header.length, 0)
    if (bytesRead < header.length || header.readUInt32BE(0) !== 0x514649fb) throw new Fault(`${name} is torn`)
    const length = header.readUInt32BE(16)
    if (length > 1023 || (await opened.stat()).size < endOfTables(header)) throw new Fault(`${name} is torn`)
    const below = Buffer.alloc(length)
    await opened.read(below, 0, length, Number(header.readBigUInt64BE(8)))
    return length === 0 ? undefined : below.toString()
  } catch (error) {
    if (systemCode(error) === 'ENOENT') throw new Fault(`${name} is missing`, { cause: error })
    throw error
  }
}

/** The size of what a qcow2 file holds. Source: QEMU, docs/interop/qcow2, "Header". */
export async function sizeMiBOf(file: string): Promise<number> {
  await using opened = await open(file)
  const { buffer } = await opened.read(Buffer.alloc(32), 0, 32, 0)
  return Math.ceil(Number(buffer.readBigUInt64BE(24)) / 2 ** 20)
}

/** Where at least the tables end that are found from the header: that of what is mapped, and that of what is counted, whose last cluster may be cut. */
function endOfTables(header: Buffer): number {
  const clusterBytes = 2 ** header.readUInt32BE(20)
  const mapped = Number(header.readBigUInt64BE(40)) + header.readUInt32BE(36) * 8
  const counted = Number(header.readBigUInt64BE(48)) + (header.readUInt32BE(56) - 1) * clusterBytes + 1
  return Math.max(mapped, counted)
}

const plain = 'compat=1.1,lazy_refcounts=off,cluster_size=65536'
/**
 * The key is no word that somebody chose: nothing is gained by deriving it slowly. By SHA-512 because with SHA-256, which processors have
 * instructions for, QEMU's first measurement of that can be over before the kernel's next tick, by which it has taken no time.
 */
const sealed = `encrypt.format=luks,encrypt.key-secret=${secretObject},encrypt.hash-alg=sha512,encrypt.iter-time=10`

export interface NewLayer {
  readonly over?: string
  readonly sizeMiB: number
  readonly user: number
  readonly random: Random
  /** An empty layer and the key to it: this one is encrypted as that one is. */
  readonly like?: { readonly empty: string; readonly key: string }
}

/**
 * A new layer at `file`, in which nothing was written yet; complete before it has its name. What it lies over is qcow2 too, named in
 * it by us: only the server writes to these files, and guests never to their headers.
 */
export async function makeLayer(file: string, { over, sizeMiB, user, random, like }: NewLayer): Promise<void> {
  const backing = over === undefined ? [] : ['-u', '-F', 'qcow2', '-b', over]
  await appear(file, { user, random }, async (partial) => {
    if (!like) {
      await run('qemu-img', ['create', '-q', '-f', 'qcow2', '-o', plain, ...backing, partial, `${sizeMiB}M`])
      return
    }
    await copyFile(like.empty, partial)
    if (over !== undefined)
      await withSecret(like.key, (secret) => run('qemu-img', ['rebase', ...secret, ...backing, sealedNode(partial)]))
  })
}

/**
 * An empty layer that others are copied from: QEMU tries for seconds how slowly to derive a key, and will not be told not to.
 * Measured: 2 s, and 40 ms for a copy. Where it finds that no time has passed it gives up (in 40 trials 13 times with SHA-256, never with SHA-512): it is asked again.
 * Source: QEMU 7.2, crypto/pbkdf.c (qcrypto_pbkdf2_count_iters).
 */
export async function makeEmpty(file: string, sizeMiB: number, key: string): Promise<void> {
  const options = ['-q', '-f', 'qcow2', '-o', `${plain},${sealed}`]
  for (let attempt = 1; ; attempt++)
    try {
      await withSecret(key, (secret) => run('qemu-img', ['create', ...options, ...secret, file, `${sizeMiB}M`]))
      return await chmod(file, 0o600)
    } catch (error) {
      if (attempt === emptyAttempts) throw error
    }
}

const emptyAttempts = 5

/** All that `source`, which is not encrypted, and the layers below it hold, as one layer that is encrypted as `like` is. */
export async function encryptLayer(
  source: string,
  file: string,
  { like, user, random }: Required<Pick<NewLayer, 'like' | 'user' | 'random'>>,
  abort: AbortSignal,
): Promise<void> {
  await appear(file, { user, random }, async (partial) => {
    await copyFile(like.empty, partial)
    const target = `driver=qcow2,encrypt.format=luks,encrypt.key-secret=${secretObject},file.driver=file,file.filename=${partial.replaceAll(',', ',,')}`
    const options = ['-q', '-n', '--target-is-zero', '-f', 'qcow2', '--target-image-opts', source, target]
    const limits = { timeoutMs: 3_600_000, abort }
    await withSecret(like.key, (secret) => run('qemu-img', ['convert', ...secret, ...options], limits))
  })
}

/** Makes the layer larger; nobody may have it open. */
export async function resizeLayer(file: string, sizeMiB: number, key?: string): Promise<void> {
  const size = `${sizeMiB}M`
  if (key === undefined) await run('qemu-img', ['resize', '-q', '-f', 'qcow2', file, size])
  else await withSecret(key, (secret) => run('qemu-img', ['resize', '-q', ...secret, sealedNode(file), size]))
}

/**
 * Makes one layer, `file`, of several, the highest first; it lies over what the lowest of them does: the files `below`. They stay as they
 * are, and may be open.
 */
export async function mergeLayers(
  files: readonly string[],
  file: string,
  below: readonly string[],
  key: string | undefined,
): Promise<void> {
  const [lowest, ...others] = files.toReversed()
  if (lowest === undefined) throw new Fault('there is nothing to merge')
  const upper = `${file}.upper`
  const copy = async (from: string, to: string) => {
    await copyFile(from, to, constants.COPYFILE_FICLONE)
    await chmod(to, 0o600)
  }
  try {
    await copy(lowest, file)
    for (const it of others) {
      await copy(it, upper)
      const commit = (...secret: string[]) =>
        run('qemu-img', ['commit', '-q', '-d', ...secret, chainOf([upper, file, ...below], key !== undefined)], {
          timeoutMs: 3_600_000,
        })
      await (key === undefined ? commit() : withSecret(key, (secret) => commit(...secret)))
    }
  } finally {
    await rm(upper, { force: true })
  }
}

/** Layers as qemu-img opens them, the highest first, whatever their files say. */
function chainOf(files: readonly string[], isSealed: boolean): string {
  const encrypt = isSealed && { encrypt: sealedBy }
  const node = ([file, ...below]: readonly string[]): object | null =>
    file === undefined
      ? null
      : { driver: 'qcow2', ...encrypt, file: { driver: 'file', filename: file }, backing: node(below) }
  return `json:${JSON.stringify(node(files))}`
}

/** An encrypted layer as qemu-img opens it. Those below it stay closed. */
function sealedNode(file: string): string {
  return chainOf([file], true)
}

/** Lets `make` make a file elsewhere, and gives it to the user under its own name once it is whole and on disk. */
async function appear(
  file: string,
  { user, random }: { readonly user: number; readonly random: Random },
  make: (partial: string) => Promise<void>,
): Promise<void> {
  const partial = `${file}.${hex(random, 8)}`
  try {
    await make(partial)
    await chown(partial, user, user)
    await chmod(partial, 0o600)
    await rename(partial, file)
  } finally {
    await rm(partial, { force: true })
  }
}
