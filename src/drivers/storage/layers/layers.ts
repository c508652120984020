import {
  chmod,
  chown,
  copyFile,
  link,
  mkdir,
  open,
  readdir,
  readFile,
  realpath,
  rename,
  rm,
  stat,
} from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { Fault, systemCode } from '../../../base/fault.ts'
import { exists } from '../../../base/files.ts'
import { hex, type Random, systemRandom } from '../../../base/random.ts'
import type { DiskSpec } from '../../../host-api/spec.ts'
import { userOfDomain } from '../../../model/domain-user.ts'
import type { DomainId, ImageId } from '../../../model/ids.ts'
import { type BlockNode, type ParkedDisk, parkedName, type StorageDriver } from '../driver.ts'
import { Templates } from './templates.ts'

export interface LayeredStorageOptions {
  /** The host's own folder: `disks` and `templates` are made in it. Guests' users must be able to pass through it. */
  readonly folder: string
  /** The image cache: `<images>/<image>/<file>`, readable for all, writable for none but us. */
  readonly images: string
  readonly random?: Random
  /** Whose the disks of a domain are, if not the user who follows from its id. */
  readonly userOf?: (domain: DomainId) => number
}

/**
 * Disks as files: qcow2 layers over read-only images and over file systems formatted once for each size; swap as a sparse
 * file. Empty layers are made once and copied: a domain’s disks cost no process, measured 3 to 4 ms.
 */
export class LayeredStorage implements StorageDriver {
  readonly #disks: string
  readonly #images: string
  readonly #templates: Templates
  readonly #random: Random
  readonly #userOf: (domain: DomainId) => number

  constructor({ folder, images, random = systemRandom, userOf = userOfDomain }: LayeredStorageOptions) {
    this.#disks = join(folder, 'disks')
    this.#images = images
    this.#random = random
    this.#userOf = userOf
    this.#templates = new Templates(join(folder, 'templates'), random)
  }

  async provide(
    domain: DomainId,
    disks: readonly DiskSpec[],
    abort: AbortSignal,
    parked?: ParkedDisk,
  ): Promise<BlockNode[]> {
    abort.throwIfAborted()
    await mkdir(this.#disks, { recursive: true, mode: 0o755 })
    await ownFolder(join(this.#disks, domain), this.#userOf(domain))
    return Promise.all(disks.map((it) => this.#provideOne(domain, it, it.kind === 'root' ? parked : undefined)))
  }

  async adopt(domain: DomainId, folder: string, abort: AbortSignal): Promise<void> {
    abort.throwIfAborted()
    await mkdir(this.#disks, { recursive: true, mode: 0o755 })
    await rename(folder, join(this.#disks, domain))
  }

  async release(domain: DomainId, abort: AbortSignal): Promise<void> {
    abort.throwIfAborted()
    await rm(join(this.#disks, domain), { recursive: true, force: true })
  }

  async list(abort: AbortSignal): Promise<DomainId[]> {
    abort.throwIfAborted()
    const names = await readdir(this.#disks).catch(emptyIfMissing)
    return names.filter((it): it is DomainId => /^dom_\d+$/.test(it))
  }

  /** Behind links: what is called by this name later may be another file, and the layers over this one must keep it. */
  async imageFile(image: ImageId, file: string): Promise<string> {
    if (!/^[\w.-]+$/.test(file)) throw new Fault(`'${file}' is no name of a file`)
    try {
      return await realpath(join(this.#images, image, file))
    } catch (cause) {
      throw new Fault(`the image ${image} has no file ${file} here`, { cause })
    }
  }

  /** Complete before it has its name: who dies on the way leaves a file that `release` removes. */
  async #provideOne(domain: DomainId, disk: DiskSpec, parked: ParkedDisk | undefined): Promise<BlockNode> {
    const name = disk.name.replace(/^\/dev\//, '')
    if (!/^\w+$/.test(name)) throw new Fault(`'${disk.name}' is no name of a disk`)
    const format = disk.kind === 'swap' ? 'raw' : 'qcow2'
    const file = join(this.#disks, domain, `${name}.${format}`)
    const { serial } = disk
    if (parked && (await this.#isNew(file, disk))) await rm(file)
    if (!(await exists(file))) await this.#make(file, disk, this.#userOf(domain), parked)
    const untouched = parked && (await isUntouched(file, parked)) ? { untouched: parked.key } : {}
    return { file, format, serial, ...untouched }
  }

  /** Whether the disk is there, and as it was made: over its image, with nothing written to it. */
  async #isNew(file: string, disk: DiskSpec): Promise<boolean> {
    return disk.kind !== 'swap' && (await exists(file)) && (await holdsSame(file, await this.#emptyLayer(disk)))
  }

  async #make(file: string, disk: DiskSpec, user: number, parked: ParkedDisk | undefined): Promise<void> {
    const partial = `${file}.${hex(this.#random, 12)}`
    try {
      if (parked) await layParked(parked, dirname(file), partial)
      else if (disk.kind === 'swap') await firstPage(await this.#templates.swap(disk.sizeMiB), partial, disk.sizeMiB)
      else await copyFile(await this.#emptyLayer(disk), partial)
      await chmod(partial, 0o600)
      await chown(partial, user, user)
      await link(partial, file)
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') throw error // Who asked at the same time was faster: theirs may be in use.
    } finally {
      await rm(partial, { force: true })
    }
  }

  /** As large as wanted, but never smaller than what it lies over. */
  async #emptyLayer(disk: Exclude<DiskSpec, { kind: 'swap' }>): Promise<string> {
    const base =
      disk.kind === 'root'
        ? await this.imageFile(disk.image, disk.file)
        : await this.#templates.fileSystem(disk.sizeMiB, disk.label)
    return this.#templates.layer(base, Math.max(disk.sizeMiB * 2 ** 20, (await stat(base)).size))
  }
}

/**
 * Its user opens what is in it, and can neither list, add nor rename: where we, as root, make and remove files, a guest that
 * has taken over its process shall not put links in our way.
 */
async function ownFolder(folder: string, user: number): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await chown(folder, process.getuid?.() ?? 0, user)
  await chmod(folder, 0o710)
}

/** A layer over a parked disk, which is kept in its folder under another name: it stays there as long as the layer does. */
async function layParked(parked: ParkedDisk, folder: string, file: string): Promise<void> {
  const base = join(folder, parkedName)
  await rm(base, { force: true }) // Of an attempt that died before there was a layer.
  await link(parked.file, base)
  await copyFile(parked.layer, file)
}

/** Whether it lies over this very disk, and nothing was written to it. */
async function isUntouched(file: string, parked: ParkedDisk): Promise<boolean> {
  const base = join(dirname(file), parkedName)
  if (!(await exists(base))) return false
  const [its, own] = await Promise.all([stat(base), stat(parked.file)])
  return its.ino === own.ino && its.dev === own.dev && (await holdsSame(file, parked.layer))
}

/** Whether a layer is as this empty one. One that was written to is longer, and may be too long to be read. */
async function holdsSame(file: string, empty: string): Promise<boolean> {
  const [its, own] = await Promise.all([stat(file), stat(empty)])
  if (its.size !== own.size) return false
  const [content, nothing] = await Promise.all([readFile(file), readFile(empty)])
  return content.equals(nothing)
}

/** The first page of `source` and nothing behind it: all that a swap disk has when it is new. */
async function firstPage(source: string, file: string, sizeMiB: number): Promise<void> {
  await using from = await open(source)
  await using to = await open(file, 'wx', 0o600)
  const { buffer, bytesRead } = await from.read(Buffer.alloc(4096), 0, 4096, 0)
  await to.truncate(sizeMiB * 2 ** 20)
  await to.write(buffer, 0, bytesRead, 0)
}

function emptyIfMissing(error: unknown): string[] {
  if (systemCode(error) === 'ENOENT') return []
  throw error
}
