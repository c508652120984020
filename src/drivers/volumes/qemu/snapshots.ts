import { chmod, chown, glob, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Fault, messageOf, systemCode } from '../../../base/fault.ts'
import { exists } from '../../../base/files.ts'
import { type Random, systemRandom } from '../../../base/random.ts'
import { run } from '../../../base/subprocess.ts'
import type { SnapshotFact } from '../../../host-api/volumes.ts'
import type { HostId, KeyId, SnapshotId } from '../../../model/ids.ts'
import { snapshotReaders } from '../../../model/volume-user.ts'
import { copyFrozen } from './copy.ts'
import type { Keyring, SealedKey } from './keys.ts'
import {
  baseFile,
  encryptLayer,
  layerFile,
  layersFrom,
  makeEmpty,
  mergeLayers,
  numbersIn,
  sizeMiBOf,
} from './layers.ts'
import {
  type ChainRecord,
  type LengthRecord,
  readRecord,
  type SnapshotRecord,
  type StoredLayer,
  type VolumeRecord,
  writeRecord,
} from './records.ts'

/** What a volume begins as: layers from the highest down, through all chains, and how they are encrypted. */
export interface VolumeBase {
  readonly over: StoredLayer
  readonly files: readonly string[]
  readonly key?: SealedKey
  /** An empty layer with that key. */
  readonly empty: string
}

export interface SnapshotStoreOptions {
  /** Apart from every volume: what is lost with those is still here. */
  readonly folder: string
  /** Where volumes of all hosts are: `<volumes>/<host>/<volume>`. */
  readonly volumes: string
  readonly keys: Keyring
  readonly random?: Random
}

/** An empty layer of an encrypted chain: new ones are copied from it. */
export const emptyName = 'empty.qcow2'

/**
 * What snapshots hold: copies of the layers that were frozen, one folder for each chain. A snapshot names the highest layer that is
 * its own, so it costs what changed since the one before; layers go when no snapshot, volume or other chain needs them.
 * One for all hosts of a process.
 */
export class SnapshotStore {
  readonly #folder: string
  readonly #volumes: string
  readonly #keys: Keyring
  readonly #random: Random
  readonly #pinned = new Set<StoredLayer>()
  /** Chains that something is being copied to: nothing of them goes. */
  readonly #growing = new Map<SnapshotId, readonly StoredLayer['chain'][]>()
  readonly #progress = new Map<SnapshotId, number>()
  #turn: Promise<unknown> = Promise.resolve()

  constructor({ folder, volumes, keys, random = systemRandom }: SnapshotStoreOptions) {
    this.#folder = folder
    this.#volumes = volumes
    this.#keys = keys
    this.#random = random
  }

  /** Whether the snapshot is complete. */
  has(id: SnapshotId): boolean {
    return readRecord<SnapshotRecord>(this.#recordOf(id)) !== undefined
  }

  /** The stored layer of a snapshot that is complete. */
  layerOf(id: SnapshotId): StoredLayer {
    const record = readRecord<SnapshotRecord>(this.#recordOf(id))
    if (!record) throw new Fault(`there is no snapshot ${id} here`)
    return { chain: record.chain, layer: record.layer }
  }

  /** What lies over this layer begins as. Throws where a file is missing. */
  async baseOf(over: StoredLayer): Promise<VolumeBase> {
    const { key } = this.#record(over.chain)
    return {
      over,
      files: await this.filesOf(over),
      ...(key && { key }),
      empty: join(this.#chain(over.chain), emptyName),
    }
  }

  /** Its file, which opens by its name alone. Throws where it is encrypted. */
  async plainFileOf(stored: StoredLayer): Promise<string> {
    const { files, key } = await this.baseOf(stored)
    if (key) throw new Fault('it is encrypted')
    return files[0]! // baseOf gives one at least
  }

  /** Whether it lies on another file system than `folder` does. */
  async isApart({ chain, layer }: StoredLayer, folder: string): Promise<boolean> {
    const [stored, other] = await Promise.all([stat(layerFile(this.#chain(chain), layer)), stat(folder)])
    return stored.dev !== other.dev
  }

  /** Its file and those that it lies over, if all are there. */
  async filesOf({ chain, layer }: StoredLayer): Promise<string[]> {
    const folder = this.#chain(chain)
    const layers = await layersFrom(folder, layer).catch((cause: unknown) => {
      throw new Fault(`${messageOf(cause)} in ${chain} among the snapshots`, { cause })
    })
    const { over } = this.#record(chain)
    const files = layers.map((it) => layerFile(folder, it))
    for (const [index, file] of files.entries())
      if (await isCut(file)) throw new Fault(`layer ${layers[index]} is torn in ${chain} among the snapshots`)
    return [...files, ...(over ? await this.filesOf(over) : [])]
  }

  /** Runs `work` while what the layer needs stays, with no lock. */
  async pinned<T>(layer: StoredLayer, work: () => Promise<T>): Promise<T> {
    await this.hold(async () => void this.#pinned.add(layer))
    try {
      return await work()
    } finally {
      this.#pinned.delete(layer)
    }
  }

  /** Runs `work` while nothing is removed here. */
  hold<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work)
    this.#turn = turn.catch(() => {}) // Whoever asked is told; the queue goes on.
    return turn
  }

  /** Keeps a layer of a volume's folder and those below it; what is here already is not copied again. */
  async keepLayers(
    snapshot: { readonly id: SnapshotId; readonly host: HostId },
    volume: { readonly record: VolumeRecord; readonly folder: string; readonly layer: number },
    abort: AbortSignal,
  ): Promise<void> {
    const { id, over } = volume.record
    await this.hold(async () => void this.#growing.set(snapshot.id, [id, ...(over ? [over.chain] : [])]))
    try {
      await this.#keepLayers(snapshot, volume, abort)
    } finally {
      this.#growing.delete(snapshot.id)
    }
  }

  async #keepLayers(
    snapshot: { readonly id: SnapshotId; readonly host: HostId },
    volume: { readonly record: VolumeRecord; readonly folder: string; readonly layer: number },
    abort: AbortSignal,
  ): Promise<void> {
    const { id, over, key } = volume.record
    if (over) await this.#restore(over, volume, abort)
    const chain = this.#chain(id)
    await this.#prepare(chain, { ...(over && { over }), ...(key && { key }) })
    if (key) await this.#keepEmpty(chain, volume.folder, abort)
    const missing = await this.#missing(chain, volume)
    const all = missing.reduce((sum, it) => sum + it.size, 0)
    let [read, bytes] = [0, 0]
    const report = (more: number) => {
      read += more
      this.#progress.set(snapshot.id, Math.min(99, Math.floor((100 * read) / all)))
    }
    for (const { from, to } of missing) {
      bytes += await copyFrozen(from, to, report, abort)
      await finishLayer(to)
    }
    this.#complete({ ...snapshot, chain: id, layer: volume.layer, bytes })
  }

  /** Puts back what a volume lies over, where nobody else needed it any more, or it was lost: the volume has it too. */
  async #restore(
    { chain: name, layer }: StoredLayer,
    { record: { key, filled }, folder }: { readonly record: VolumeRecord; readonly folder: string },
    abort: AbortSignal,
  ): Promise<void> {
    const chain = this.#chain(name)
    const file = layerFile(chain, layer)
    if (!filled || (await exists(file))) return
    await this.#prepare(chain, this.#readRecord(chain) ?? { ...(key && { key }) })
    if (key) await this.#keepEmpty(chain, folder, abort)
    await copyFrozen(baseFile(folder), file, () => {}, abort)
    await finishLayer(file)
  }

  async #keepEmpty(chain: string, folder: string, abort: AbortSignal): Promise<void> {
    const [from, to] = [join(folder, emptyName), join(chain, emptyName)]
    if (!(await exists(to))) await copyFrozen(from, to, () => {}, abort)
  }

  /** The lowest first: a layer that is here has all that it lies over. */
  async #missing(chain: string, { folder, layer }: { readonly folder: string; readonly layer: number }) {
    const missing: { from: string; to: string; size: number }[] = []
    for (const number of await layersFrom(folder, layer)) {
      const [from, to] = [layerFile(folder, number), layerFile(chain, number)]
      if (await exists(to)) break
      missing.unshift({ from, to, size: (await stat(from)).size })
    }
    return missing
  }

  /** Keeps a raw file, such as an image's root disk, at this size. */
  async keepFile(
    snapshot: { readonly id: SnapshotId; readonly host: HostId },
    raw: string,
    sizeMiB: number,
  ): Promise<void> {
    const chain = this.#chain(snapshot.id)
    await this.#prepare(chain, {})
    const [file, partial] = [layerFile(chain, 0), join(chain, 'new')]
    if (!(await exists(file))) {
      await run('qemu-img', ['convert', '-q', '-f', 'raw', '-O', 'qcow2', raw, partial], { timeoutMs: 600_000 })
      await run('qemu-img', ['resize', '-q', '-f', 'qcow2', partial, `${sizeMiB}M`])
      await rename(partial, file)
      await finishLayer(file)
    }
    await this.#complete({ ...snapshot, chain: snapshot.id, layer: 0, bytes: (await stat(file)).blocks * 512 })
  }

  /** Another name for what a snapshot holds; encrypted by this account key, where it is not yet, it is a copy. */
  async keepCopy(
    snapshot: { readonly id: SnapshotId; readonly host: HostId },
    of: SnapshotId,
    by: KeyId | undefined,
    abort: AbortSignal,
  ): Promise<void> {
    const source = this.layerOf(of)
    if (by === undefined || this.#record(source.chain).key)
      return this.hold(async () => this.#complete({ ...snapshot, ...this.layerOf(of), bytes: 0 }))
    await this.pinned(source, async () => {
      const [chain, [from]] = [this.#chain(snapshot.id), await this.filesOf(source)]
      const key = this.#readRecord(chain)?.key ?? (await this.#keys.make(by))
      await this.#prepare(chain, { key })
      const [secret, file] = [await this.#keys.open(key), layerFile(chain, 0)]
      this.#progress.set(snapshot.id, 0)
      if (!(await exists(file))) {
        await this.#makeEmpty(chain, from!, secret) // filesOf gives one at least
        await encryptLayer(
          from!,
          file,
          { like: { empty: join(chain, emptyName), key: secret }, user: rootUser(), random: this.#random },
          abort,
        )
        await finishLayer(file)
      }
      this.#complete({ ...snapshot, chain: snapshot.id, layer: 0, bytes: (await stat(file)).blocks * 512 })
    })
  }

  async #makeEmpty(chain: string, like: string, secret: string): Promise<void> {
    const file = join(chain, emptyName)
    if (await exists(file)) return
    await makeEmpty(`${file}.new`, await sizeMiBOf(like), secret)
    await rename(`${file}.new`, file)
  }

  /** Forgets the snapshot, and removes the layers that nobody needs any more. */
  drop(id: SnapshotId): Promise<void> {
    return this.hold(async () => {
      await rm(this.#recordOf(id), { force: true })
      this.#progress.delete(id)
      await this.#sweep()
    })
  }

  /** Removes what nobody needs any more. */
  tidy(): Promise<void> {
    return this.hold(() => this.#sweep())
  }

  /** What the host made and what it makes. */
  async list(host: HostId): Promise<SnapshotFact[]> {
    const names = await readdir(this.#folder).catch(emptyIfMissing)
    const done = names.flatMap((name): SnapshotFact[] => {
      const id = /^(snap-\w+)\.json$/.exec(name)?.[1] as SnapshotId | undefined
      return id ? this.#factOf(id, host) : []
    })
    const known = new Set(done.map((it) => it.id))
    const copying = [...this.#progress].filter(([id, percent]) => percent < 100 && !known.has(id))
    return [...done, ...copying.map(([id, progress]): SnapshotFact => ({ id, state: 'copying', progress }))]
  }

  #factOf(id: SnapshotId, host: HostId): SnapshotFact[] {
    try {
      const record = readRecord<SnapshotRecord>(this.#recordOf(id))
      return record?.host === host ? [{ id, state: 'complete', progress: 100, bytes: record.bytes }] : []
    } catch (error) {
      return [{ id, state: 'broken', progress: 0, message: messageOf(error) }]
    }
  }

  #complete(record: SnapshotRecord): void {
    writeRecord(this.#recordOf(record.id), record)
    this.#progress.delete(record.id)
  }

  async #prepare(chain: string, record: ChainRecord): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o710 })
    await forReaders(this.#folder, 0o710)
    await mkdir(chain, { recursive: true, mode: 0o710 })
    await forReaders(chain, 0o710)
    writeRecord(join(chain, 'chain.json'), record)
  }

  /** Removes every stored layer that nobody needs, alone or below another. */
  async #sweep(): Promise<void> {
    const needed = await this.#needed()
    for (const chain of await this.#chains()) {
      const [folder, layers] = [this.#chain(chain), needed.get(chain) ?? new Set<number>()]
      if ([...this.#growing.values()].flat().includes(chain)) continue
      if (layers.size === 0) await rm(folder, { recursive: true, force: true })
      else await this.#sweepChain(chain, layers)
    }
  }

  async #sweepChain(chain: StoredLayer['chain'], needed: ReadonlySet<number>): Promise<void> {
    const folder = this.#chain(chain)
    for (const layer of needed) await this.#shorten(chain, layer, needed)
    const used = new Set<number>()
    for (const layer of needed) for (const it of await layersFrom(folder, layer)) used.add(it)
    for (const layer of await numbersIn(folder)) if (!used.has(layer)) await removeLayer(layerFile(folder, layer))
  }

  /**
   * Takes into a layer what it needs of those below that nobody needs by themselves, up to the next that is. Whoever has the old file
   * open goes on with it: both hold the same.
   */
  async #shorten(chain: StoredLayer['chain'], layer: number, needed: ReadonlySet<number>): Promise<void> {
    const folder = this.#chain(chain)
    const [, ...below] = await layersFrom(folder, layer)
    const next = below.findIndex((it) => needed.has(it))
    if (next === 0 || below.length === 0) return
    const { key } = this.#record(chain)
    const files = await this.filesOf({ chain, layer })
    const count = 1 + (next === -1 ? below.length : next)
    const [old, partial] = [layerFile(folder, layer), `${layerFile(folder, layer)}.new`]
    const secret = key && (await this.#keys.open(key))
    await mergeLayers(files.slice(0, count), partial, files.slice(count), secret)
    await forReaders(partial, 0o440) // A server may open it as soon as it has its name.
    await rm(lengthFile(old), { force: true }) // What is to come may be shorter.
    await rename(partial, old)
    await finishLayer(old)
  }

  /** The layers that are needed of each chain: by snapshots, by volumes, by chains that are needed themselves. */
  async #needed(): Promise<ReadonlyMap<string, ReadonlySet<number>>> {
    const needed = new Map<string, Set<number>>()
    const need = ({ chain, layer }: StoredLayer) => {
      needed.set(chain, (needed.get(chain) ?? new Set()).add(layer))
      const { over } = this.#record(chain)
      if (over) need(over)
    }
    for (const name of await readdir(this.#folder).catch(emptyIfMissing))
      if (/^snap-\w+\.json$/.test(name)) need(readRecord<SnapshotRecord>(join(this.#folder, name))!) // Listed a moment ago, and nobody else removes.
    for await (const file of glob(join(this.#volumes, '*/vol-*/volume.json'))) {
      const record = readRecord<VolumeRecord>(file)
      if (record?.over && !record.filled) need(record.over)
    }
    for (const it of this.#pinned) need(it)
    for (const chain of [...this.#growing.values()].flat())
      for (const layer of await numbersIn(this.#chain(chain)).catch(emptyIfMissing)) need({ chain, layer })
    return needed
  }

  async #chains(): Promise<StoredLayer['chain'][]> {
    const names: string[] = await readdir(this.#folder).catch(emptyIfMissing)
    return names.filter((it): it is StoredLayer['chain'] => /^(vol|snap)-\w+$/.test(it))
  }

  #record(chain: StoredLayer['chain']): ChainRecord {
    return this.#readRecord(this.#chain(chain)) ?? {}
  }

  #readRecord(folder: string): ChainRecord | undefined {
    return readRecord<ChainRecord>(join(folder, 'chain.json'))
  }

  #recordOf(id: SnapshotId): string {
    return join(this.#folder, `${id}.json`)
  }

  #chain(chain: StoredLayer['chain']): string {
    return join(this.#folder, chain)
  }
}

const rootUser = () => process.getuid?.() ?? 0

async function forReaders(path: string, mode: number): Promise<void> {
  await chown(path, rootUser(), snapshotReaders)
  await chmod(path, mode)
}

/** Beside a stored layer: how long it is. A file that was cut behind its tables reads as zeros, and opens without a word. */
const lengthFile = (layer: string) => `${layer}.json`

/** What is stored is on disk before anybody relies on it. */
async function finishLayer(layer: string): Promise<void> {
  await forReaders(layer, 0o440)
  await using opened = await open(layer)
  await opened.sync()
  writeRecord(lengthFile(layer), { bytes: (await opened.stat()).size } satisfies LengthRecord)
}

/** Whether it is shorter than it was when it was stored. One without a record ended with its writer, who had it whole by then. */
async function isCut(layer: string): Promise<boolean> {
  const record = readRecord<LengthRecord>(lengthFile(layer))
  return record !== undefined && (await stat(layer)).size < record.bytes
}

async function removeLayer(layer: string): Promise<void> {
  await rm(layer)
  await rm(lengthFile(layer), { force: true })
}

function emptyIfMissing(error: unknown): never[] {
  if (systemCode(error) === 'ENOENT') return []
  throw error
}
