/** Images out of bundles: their manifests in the object store, and the files that hosts launch from. */
import type { KeyObject } from 'node:crypto'
import { chmod, link, mkdir, mkdtemp, readdir, readlink, realpath, rename, rm, statfs, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { systemCode } from '../../base/fault.ts'
import { exists } from '../../base/files.ts'
import { run } from '../../base/subprocess.ts'
import {
  largestManifest,
  type Manifest,
  readManifest,
  typeOf,
  unwrapKey,
  verifyManifest,
} from '../../bundles/manifest.ts'
import { refuseBundle } from '../../bundles/refused.ts'
import { unpackBundle } from '../../bundles/unpack.ts'
import type { AccountId, ImageId } from '../../model/ids.ts'
import type { Room } from './cache.ts'
import type { FarFiles } from './from-afar.ts'

/** An object as the account may read it; `undefined` where it is not there or may not be read. */
export type ReadObject = (
  account: AccountId,
  at: { readonly bucket: string; readonly key: string },
  abort: AbortSignal,
) => Promise<{ readonly bytes: number; readonly content: AsyncGenerator<Buffer> } | undefined>

export interface ManifestReader {
  /** The manifest at `BUCKET/KEY`, if it is this account's own. Throws `BundleRefused`. */
  manifest(account: AccountId, location: string, abort: AbortSignal): Promise<{ text: string; manifest: Manifest }>
}

/** What is to be unpacked, and from where kernel and RAM disk come. */
export interface Unpacking {
  readonly id: ImageId
  readonly account: AccountId
  readonly location: string
  /** Its text, which was verified when the image was registered. */
  readonly manifest: string
  readonly kernelId: string | null
  readonly ramdiskId: string | null
}

export const files = { kernel: 'vmlinuz', ramdisk: 'initrd', machine: 'root.img' } as const

interface Parts {
  /** The PEM texts of all certificates of an account. */
  readonly certificates: (account: AccountId) => Promise<readonly string[]>
  readonly read: ReadObject
  readonly cloudKey: KeyObject
  readonly folder: string
  /** Where another region has its images. */
  readonly imagesOf: (region: string) => Promise<string | undefined>
  /** What images out of bundles may take together, if others of them can go. */
  readonly limitBytes?: number
  /** Images without files, for hosts that boot nothing. */
  readonly imaginary?: boolean
}

export class BundleImages implements ManifestReader {
  readonly #certificates: Parts['certificates']
  readonly #read: ReadObject
  readonly #cloudKey: KeyObject
  /** `<folder>/<image>/<file>`: where hosts find them. */
  readonly #folder: string
  readonly #imagesOf: Parts['imagesOf']
  readonly #limitBytes: number
  readonly #imaginary: boolean

  constructor(parts: Parts) {
    this.#certificates = parts.certificates
    this.#read = parts.read
    this.#cloudKey = parts.cloudKey
    this.#folder = parts.folder
    this.#imagesOf = parts.imagesOf
    this.#limitBytes = parts.limitBytes ?? Number.MAX_SAFE_INTEGER
    this.#imaginary = parts.imaginary ?? false
  }

  async manifest(account: AccountId, location: string, abort: AbortSignal) {
    const text = await this.#manifestText(account, location, abort)
    const manifest = readManifest(text)
    if (manifest.user !== account) refuseBundle(`the bundle is that of the account ${manifest.user}`)
    verifyManifest(text, await this.#certificates(account))
    unwrapKey(manifest.keys.cloud, this.#cloudKey)
    return { text, manifest }
  }

  /** Removes what attempts of a process that died have left. Only while nothing is unpacked. */
  async sweep(): Promise<void> {
    const names = await readdir(this.#folder).catch(noneIfMissing)
    for (const name of names.filter((it) => it.startsWith(partialPrefix)))
      await rm(join(this.#folder, name), { recursive: true, force: true })
  }

  /** How much may be here, and how much the disk has room for. */
  async room(): Promise<Room> {
    await mkdir(this.#folder, { recursive: true })
    const { bavail, bsize } = await statfs(this.#folder)
    return { limit: this.#limitBytes, free: Math.max(0, bavail * bsize - leastFreeBytes) }
  }

  /** Makes the image's folder, whole or not at all. One that is there is left as it is. Throws `BundleRefused`. */
  async unpack(image: Unpacking, abort: AbortSignal): Promise<void> {
    await this.#make(image.id, (partial) => this.#fill(partial, image, abort))
  }

  /** The same out of another image's folder: its files, which nobody ever changes, by another name. */
  async copy(
    id: ImageId,
    { from, files }: { readonly from: ImageId; readonly files: readonly string[] },
  ): Promise<void> {
    const there = async (file: string) => realpath(join(this.#folder, from, file))
    await this.#make(id, async (partial) => {
      for (const file of this.#imaginary ? [] : files) await link(await there(file), join(partial, file))
    })
  }

  /** The same out of another region. Throws `BundleRefused` where it has the files no more. */
  async bring(id: ImageId, far: FarFiles, abort: AbortSignal): Promise<void> {
    const images = (await this.#imagesOf(far.region)) ?? refuseBundle(`there is no region ${far.region}`)
    await this.#make(id, async (partial) => {
      for (const { from, as } of this.#imaginary ? [] : far.files) {
        const [source, target] = [join(images, from), join(partial, as)]
        if (await exists(source)) await copyFile(source, target, abort)
        else if (far.bundle && as === files.machine)
          await this.#fill(partial, { id, ...far.bundle, kernelId: null, ramdiskId: null }, abort)
        else refuseBundle(`the image is in ${far.region} no more`)
      }
    })
  }

  async #make(id: ImageId, fill: (partial: string) => Promise<void>): Promise<void> {
    const folder = join(this.#folder, id)
    if (await exists(folder)) return
    await mkdir(this.#folder, { recursive: true })
    const partial = await mkdtemp(join(this.#folder, `${partialPrefix}${id}-`))
    try {
      await fill(partial)
      await chmod(partial, 0o755) // Guests' users read it.
      await rename(partial, folder)
    } catch (error) {
      await rm(partial, { recursive: true, force: true })
      if (systemCode(error) !== 'ENOTEMPTY' && systemCode(error) !== 'EEXIST') throw error // Another attempt was faster.
    }
  }

  async remove(id: ImageId): Promise<void> {
    const folder = join(this.#folder, id)
    const target = await readlink(folder).catch(() => undefined) // No link, or gone already.
    // What was made apart lies beside its link, under the same name and more; a link to another image leaves that alone.
    if (target?.startsWith(`${id}-`)) await rm(join(this.#folder, target), { recursive: true, force: true })
    await rm(folder, { recursive: true, force: true })
  }

  async #fill(folder: string, image: Unpacking, abort: AbortSignal): Promise<void> {
    const manifest = readManifest(image.manifest)
    const type = typeOf(manifest)
    const file = join(folder, files[type])
    const { bavail, bsize } = await statfs(folder)
    if (bavail * bsize < manifest.size + leastFreeBytes) refuseBundle('there is no room for the image on the disk')
    const part = (it: { name: string }) => this.#part(image, it.name, abort)
    await unpackBundle({ manifest, cipher: unwrapKey(manifest.keys.cloud, this.#cloudKey), part, file, abort })
    await chmod(file, 0o644)
    if (type !== 'machine') return
    // By link: the boot loader of old had them beside the image, too.
    if (image.kernelId !== null) await symlink(`../${image.kernelId}/${files.kernel}`, join(folder, files.kernel))
    if (image.ramdiskId !== null) await symlink(`../${image.ramdiskId}/${files.ramdisk}`, join(folder, files.ramdisk))
  }

  async #part({ account, location }: Unpacking, name: string, abort: AbortSignal): Promise<AsyncGenerator<Buffer>> {
    const { bucket, key } = placeOf(location)
    const folder = key.slice(0, key.lastIndexOf('/') + 1)
    const found = await this.#read(account, { bucket, key: folder + name }, abort)
    return found?.content ?? refuseBundle(`the part ${name} is not there, or may not be read`)
  }

  async #manifestText(account: AccountId, location: string, abort: AbortSignal): Promise<string> {
    const found = await this.#read(account, placeOf(location), abort)
    if (!found) return refuseBundle(`there is no manifest at ${location}, or it may not be read`)
    try {
      if (found.bytes > largestManifest) refuseBundle('the manifest is too large')
      const pieces: Buffer[] = []
      for await (const it of found.content) pieces.push(Buffer.from(it))
      return Buffer.concat(pieces).toString('utf8')
    } finally {
      await found.content.return(undefined)
    }
  }
}

/** Holes stay holes; on a file system that can, nothing is copied. */
async function copyFile(from: string, to: string, abort: AbortSignal): Promise<void> {
  await run('cp', ['--sparse=always', '--reflink=auto', '--', from, to], { abort, timeoutMs: 3_600_000 })
  await chmod(to, 0o644)
}

const partialPrefix = '.bundle-'
/** What an image must leave of the disk: guests and the database are on it too. */
const leastFreeBytes = 2 ** 30

function noneIfMissing(error: unknown): string[] {
  if (systemCode(error) === 'ENOENT') return []
  throw error
}

function placeOf(location: string): { bucket: string; key: string } {
  const [, bucket, key] = /^\/?([^/]{3,255})\/(.{1,1024})$/s.exec(location) ?? []
  return bucket !== undefined && key !== undefined
    ? { bucket, key }
    : refuseBundle('an image’s location is BUCKET/KEY of its manifest')
}
