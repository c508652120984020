import { createHash } from 'node:crypto'
import { chmod, mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { exists } from '../../../base/files.ts'
import { hex, type Random } from '../../../base/random.ts'
import { run } from '../../../base/subprocess.ts'

/**
 * What new disks begin as, made once for each size and kept. All can be read by every guest's user, and written by none.
 * Making one cannot be aborted: others may wait for the same.
 */
export class Templates {
  readonly #folder: string
  readonly #random: Random
  /** Being made, or known to be there. */
  readonly #made = new Map<string, Promise<string>>()

  constructor(folder: string, random: Random) {
    this.#folder = folder
    this.#random = random
  }

  /**
   * A formatted disk, sparse: 160 GiB take 5 MiB. Features that kernels since 2.6.28 know. Inode tables count as zeroed, for
   * a guest would write all of them in its first minutes; mke2fs reserves blocks for them, and the copy gives those back.
   * Source: mke2fs(8), lazy_itable_init; mke2fs 1.47.0 leaves the mark out where it is asked to be lazy.
   */
  fileSystem(sizeMiB: number, label: string): Promise<string> {
    const key = createHash('sha256').update(label).digest('hex').slice(0, 12)
    const features = ['-O', '^metadata_csum,^64bit,uninit_bg', '-E', 'lazy_itable_init=0,root_owner=0:0']
    const options = ['-q', '-F', '-t', 'ext4', '-m', '0', '-i', '65536', '-L', label, ...features]
    return this.#once(`ext4-${sizeMiB}-${key}.raw`, async (file) => {
      const full = `${file}.full`
      try {
        await run('mke2fs', [...options, full, `${sizeMiB}M`])
        await run('cp', ['--sparse=always', full, file])
      } finally {
        await rm(full, { force: true })
      }
    })
  }

  /** The first page of a swap disk of this size. */
  swap(sizeMiB: number): Promise<string> {
    return this.#once(`swap-${sizeMiB}.raw`, async (file) => {
      await run('qemu-img', ['create', '-q', '-f', 'raw', file, `${sizeMiB}M`])
      await run('mkswap', ['-L', 'swap', file])
    })
  }

  /** A layer over `base` in which nothing was written yet. The base is raw, whatever is in it: guessing would let an image name files of ours as its base. */
  layer(base: string, sizeBytes: number): Promise<string> {
    const key = createHash('sha256').update(base).digest('hex').slice(0, 24)
    const over = ['-u', '-F', 'raw', '-b', base]
    const create = (file: string) => run('qemu-img', ['create', '-q', '-f', 'qcow2', ...over, file, String(sizeBytes)])
    return this.#once(`layer-${sizeBytes}-${key}.qcow2`, create)
  }

  /** A template that could not be made is tried again by the next who needs it. */
  #once(name: string, make: (file: string) => Promise<unknown>): Promise<string> {
    const known = this.#made.get(name)
    if (known) return known
    const made = this.#find(name, make)
    this.#made.set(name, made)
    made.catch(() => this.#made.delete(name))
    return made
  }

  async #find(name: string, make: (file: string) => Promise<unknown>): Promise<string> {
    const file = join(this.#folder, name)
    if (await exists(file)) return file
    await mkdir(this.#folder, { recursive: true, mode: 0o755 })
    const partial = `${file}.${hex(this.#random, 12)}`
    try {
      await make(partial)
      await chmod(partial, 0o444)
      await rename(partial, file)
      return file
    } finally {
      await rm(partial, { force: true })
    }
  }
}
