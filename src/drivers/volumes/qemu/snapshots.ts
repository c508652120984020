import { chmod, chown, glob, mkdir, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Fault, messageOf, systemCode } from '../../../base/fault.ts'
import { exists } from '../../../base/files.ts'
import { run } from '../../../base/subprocess.ts'
import type { SnapshotFact } from '../../../host-api/volumes.ts'
import type { HostId, SnapshotId } from '../../../model/ids.ts'
import { snapshotReaders } from '../../../model/volume-user.ts'
import { copyFrozen } from './copy.ts'
import { layerFile, topLayer } from './layers.ts'
import {
  type ChainRecord,
  readRecord,
  type SnapshotRecord,
  type StoredLayer,
  type VolumeRecord,
  writeRecord,
} from './records.ts'

export interface SnapshotStoreOptions {
  /** Apart from every volume: what is lost with those is still here. */
  readonly folder: string
  /** Where volumes of all hosts are: `<volumes>/<host>/<volume>`. */
  readonly volumes: string
}

/**
 * What snapshots hold: copies of the layers that were frozen, one folder for each chain. A snapshot names the highest layer that is
 * its own, so it costs what changed since the one before; layers go when no snapshot, volume or other chain needs them.
 * One for all hosts of a process.
 */
export class SnapshotStore {
  readonly #folder: string
  readonly #volumes: string
  readonly #progress = new Map<SnapshotId, number>()
  #turn: Promise<unknown> = Promise.resolve()

  constructor({ folder, volumes }: SnapshotStoreOptions) {
    this.#folder = folder
    this.#volumes = volumes
  }

  /** The stored layer of a snapshot that is complete. */
  layerOf(id: SnapshotId): StoredLayer {
    const record = readRecord<SnapshotRecord>(this.#recordOf(id))
    if (!record) throw new Fault(`there is no snapshot ${id} here`)
    return { chain: record.chain, layer: record.layer }
  }

  /** Its file, if all that it lies over is there too. */
  async fileOf({ chain, layer }: StoredLayer): Promise<string> {
    for (let below = layer; below >= 0; below--)
      if (!(await exists(layerFile(this.#chain(chain), below))))
        throw new Fault(`layer ${below} of ${chain} is missing among the snapshots`)
    const { over } = readRecord<ChainRecord>(join(this.#chain(chain), 'chain.json')) ?? {}
    if (over) await this.fileOf(over)
    return layerFile(this.#chain(chain), layer)
  }

  /** Runs `work` while nothing is removed here. */
  hold<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work)
    this.#turn = turn.catch(() => {}) // Whoever asked is told; the queue goes on.
    return turn
  }

  /** Keeps layers 0 to `layer` of a volume's folder; those that are here already are not copied again. */
  async keepLayers(
    snapshot: { readonly id: SnapshotId; readonly host: HostId },
    volume: { readonly record: VolumeRecord; readonly folder: string; readonly layer: number },
    abort: AbortSignal,
  ): Promise<void> {
    const chain = this.#chain(volume.record.id)
    await this.#prepare(chain, volume.record.over ? { over: volume.record.over } : {})
    const missing: { from: string; to: string; size: number }[] = []
    for (let layer = 0; layer <= volume.layer; layer++) {
      const [from, to] = [layerFile(volume.folder, layer), layerFile(chain, layer)]
      if (!(await exists(to))) missing.push({ from, to, size: (await stat(from)).size })
    }
    const all = missing.reduce((sum, it) => sum + it.size, 0)
    let [read, bytes] = [0, 0]
    for (const { from, to } of missing) {
      bytes += await copyFrozen(
        from,
        to,
        (more) => {
          read += more
          this.#progress.set(snapshot.id, Math.min(99, Math.floor((100 * read) / all)))
        },
        abort,
      )
      await forReaders(to, 0o440)
    }
    await this.#complete({ ...snapshot, chain: volume.record.id, layer: volume.layer, bytes })
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
      await forReaders(partial, 0o440)
      await run('mv', [partial, file])
    }
    await this.#complete({ ...snapshot, chain: snapshot.id, layer: 0, bytes: (await stat(file)).blocks * 512 })
  }

  /** Another name for what a snapshot holds. */
  async keepCopy(snapshot: { readonly id: SnapshotId; readonly host: HostId }, of: SnapshotId): Promise<void> {
    await this.hold(async () => this.#complete({ ...snapshot, ...this.layerOf(of), bytes: 0 }))
  }

  /** Forgets the snapshot, and removes the layers that nobody needs any more. */
  drop(id: SnapshotId): Promise<void> {
    return this.hold(async () => {
      await rm(this.#recordOf(id), { force: true })
      this.#progress.delete(id)
      await this.#sweep()
    })
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

  /** Removes every stored layer above the highest that is needed of its chain. */
  async #sweep(): Promise<void> {
    const needed = await this.#needed()
    for (const chain of await this.#chains()) {
      const [folder, highest] = [this.#chain(chain), needed.get(chain) ?? -1]
      for (let layer = await topLayer(folder).catch(() => -1); layer > highest; layer--)
        await rm(layerFile(folder, layer))
      if (highest < 0) await rm(folder, { recursive: true, force: true })
    }
  }

  /** The highest layer that is needed of each chain: by snapshots, by volumes, by chains that are needed themselves. */
  async #needed(): Promise<ReadonlyMap<string, number>> {
    const needed = new Map<string, number>()
    const need = ({ chain, layer }: StoredLayer) => {
      needed.set(chain, Math.max(layer, needed.get(chain) ?? -1))
      const { over } = readRecord<ChainRecord>(join(this.#chain(chain), 'chain.json')) ?? {}
      if (over) need(over)
    }
    for (const name of await readdir(this.#folder))
      if (/^snap-\w+\.json$/.test(name)) need(readRecord<SnapshotRecord>(join(this.#folder, name))!) // Listed a moment ago, and nobody else removes.
    for await (const file of glob(join(this.#volumes, '*/vol-*/volume.json'))) {
      const over = readRecord<VolumeRecord>(file)?.over
      if (over) need(over)
    }
    return needed
  }

  async #chains(): Promise<StoredLayer['chain'][]> {
    return (await readdir(this.#folder)).filter((it): it is StoredLayer['chain'] => /^(vol|snap)-\w+$/.test(it))
  }

  #recordOf(id: SnapshotId): string {
    return join(this.#folder, `${id}.json`)
  }

  #chain(chain: StoredLayer['chain']): string {
    return join(this.#folder, chain)
  }
}

async function forReaders(path: string, mode: number): Promise<void> {
  await chown(path, process.getuid?.() ?? 0, snapshotReaders)
  await chmod(path, mode)
}

function emptyIfMissing(error: unknown): string[] {
  if (systemCode(error) === 'ENOENT') return []
  throw error
}
