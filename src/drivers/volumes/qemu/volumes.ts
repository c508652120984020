import { chmod, chown, copyFile, link, mkdir, readdir, rename, rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../../../base/clock.ts'
import { Fault, messageOf, systemCode } from '../../../base/fault.ts'
import { exists } from '../../../base/files.ts'
import type { Log } from '../../../base/log.ts'
import { type Random, systemRandom } from '../../../base/random.ts'
import type { SnapshotSpec, VolumeFact, VolumesFact } from '../../../host-api/volumes.ts'
import { userOfDomain } from '../../../model/domain-user.ts'
import type { DomainId, HostId, SnapshotId, VolumeId } from '../../../model/ids.ts'
import { userOfVolume } from '../../../model/volume-user.ts'
import type { Connection, NewVolume, Serving, VolumeDriver } from '../driver.ts'
import { exportName } from './arguments.ts'
import type { Keyring, SealedKey } from './keys.ts'
import { encryptLayer, layerFile, layersOf, makeEmpty, makeLayer, numbersIn, resizeLayer, topLayer } from './layers.ts'
import { readRecord, type VolumeRecord, writeRecord } from './records.ts'
import { nbdSocketIn, type ServedDisk, VolumeServer } from './server.ts'
import { emptyName, type SnapshotStore, type VolumeBase } from './snapshots.ts'

export interface QemuVolumesOptions {
  readonly host: HostId
  /** Has a folder for each host: in it volumes, and `nbd` with the ways to them. Guests' users must be able to pass through it. */
  readonly volumes: string
  readonly store: SnapshotStore
  readonly keys: Keyring
  /** The image cache: `<images>/<image>/<file>`. */
  readonly images: string
  readonly clock: Clock
  readonly log: Log
  readonly random?: Random
}

/** More layers than so many are merged. */
const longestChain = 4

/** Finds the volumes that are there, and the servers that run. Needs root. */
export async function openQemuVolumes(options: QemuVolumesOptions): Promise<VolumeDriver> {
  const driver = new QemuVolumes(options)
  await driver.find()
  return driver
}

/** Volumes as layers of qcow2, each served by a `qemu-storage-daemon` of its own while a domain has it. */
class QemuVolumes implements VolumeDriver {
  readonly #options: QemuVolumesOptions
  readonly #random: Random
  readonly #volumes: string
  readonly #servers = new Map<VolumeId, VolumeServer>()
  readonly #watchers = new Set<() => void>()
  readonly #merges = new Map<VolumeId, { readonly stop: AbortController; readonly done: Promise<void> }>()
  readonly #end = new AbortController()

  constructor(options: QemuVolumesOptions) {
    this.#options = options
    this.#random = options.random ?? systemRandom
    this.#volumes = join(options.volumes, options.host)
  }

  async find(): Promise<void> {
    for (const id of await this.#ids()) {
      try {
        await this.#serverOf(id).adopt(this.#end.signal)
      } catch (error) {
        this.#options.log.warn({ volume: id, error: messageOf(error) }, 'the server of a volume does not answer')
      }
    }
  }

  async create({ id, sizeMiB, from, key: by }: NewVolume, abort: AbortSignal): Promise<void> {
    abort.throwIfAborted()
    if (await exists(this.#folderOf(id))) return
    await mkdir(this.#volumes, { recursive: true, mode: 0o755 })
    const { store, keys } = this.#options
    if (from === undefined) return this.#make({ id, sizeMiB, ...(by && { key: await keys.make(by) }) }, abort)
    const over = store.layerOf(from)
    // Not before the volume is written down may a layer that it lies over be found to be of no use.
    await store.pinned(over, async () => {
      const base = await store.baseOf(over)
      const key = base.key ?? (by && (await keys.make(by)))
      await this.#make({ id, sizeMiB, base, ...(key && { key }) }, abort)
    })
  }

  /** Complete before it has its name. What is to be encrypted and begins as something that is not is copied, and lies over nothing. */
  async #make(
    { id, sizeMiB, base, key }: { id: VolumeId; sizeMiB: number; base?: VolumeBase; key?: SealedKey },
    abort: AbortSignal,
  ): Promise<void> {
    const [folder, user, random] = [this.#folderOf(id), userOfVolume(id), this.#random]
    const partial = `${folder}.new`
    await rm(partial, { recursive: true, force: true })
    await ownFolder(partial, user)
    const [file, empty, below] = [layerFile(partial, 0), join(partial, emptyName), base?.files[0]]
    const secret = key && (await this.#options.keys.open(key))
    const isCopied = secret !== undefined && base !== undefined && base.key === undefined
    if (secret !== undefined) {
      if (base?.key) await copyFile(base.empty, empty)
      else await makeEmpty(empty, sizeMiB, secret)
      await resizeLayer(empty, sizeMiB, secret)
    }
    if (isCopied) {
      await encryptLayer(below!, file, { like: { empty, key: secret }, user, random }, abort) // A base has files.
    } else {
      const like = secret !== undefined && { like: { empty, key: secret } }
      await makeLayer(file, { ...(below !== undefined && { over: below }), sizeMiB, user, random, ...like })
    }
    const record: VolumeRecord = { id, sizeMiB, ...(key && { key }), frozen: {} }
    writeRecord(join(partial, 'volume.json'), { ...record, ...(base && !isCopied && { over: base.over }) })
    await rename(partial, folder)
  }

  async resize(id: VolumeId, sizeMiB: number, abort: AbortSignal): Promise<void> {
    if (this.#require(id).sizeMiB >= sizeMiB) return
    await this.#stopMerge(id)
    const record = this.#require(id)
    const [folder, server] = [this.#folderOf(id), this.#serverOf(id)]
    const served = server.lives ? server.record : undefined
    // Whoever is connected learns the size when it connects: it does so again by itself.
    await server.stop()
    const key = await this.#keyOf(record)
    await resizeLayer(layerFile(folder, await topLayer(folder)), sizeMiB, key)
    if (key !== undefined) await resizeLayer(join(folder, emptyName), sizeMiB, key)
    this.#change(id, () => ({ sizeMiB }))
    if (served) await this.serve(id, served, abort)
  }

  async serve(id: VolumeId, { domains, limits }: Serving, abort: AbortSignal): Promise<void> {
    const [folder, server] = [this.#folderOf(id), this.#serverOf(id)]
    await this.#stopMerge(id)
    const before = server.record?.domains ?? []
    const gone = before.filter((it) => !domains.includes(it))
    for (const it of gone) await this.#hideFrom(it, id)
    // Who has come in is not put out by a closed door: the others come again by themselves.
    if (gone.length > 0) await server.stop()
    if (domains.length === 0) return server.stop()
    const disk = await this.#diskOf(this.#require(id), folder)
    if (!server.lives || server.record?.layer !== disk.layers[0]) await server.start(disk, limits, abort)
    else if (!isSame(server.record!.limits, limits)) await server.limit(limits, abort)
    server.remember([...new Set([...before, ...domains])])
    for (const it of domains) await this.#showTo(it, id)
    server.remember(domains)
    this.#mergeSoon(id)
  }

  connection(host: HostId, id: VolumeId, domain: DomainId): Connection {
    return { socket: join(this.#options.volumes, host, 'nbd', domain, id), export: exportName }
  }

  /**
   * The new layer is there, empty, before the server moves to it: should it die in between, it comes back over the new one, which
   * has all that the old one has. Tried again after a death, one more layer is made: later than the first try, and nothing is lost.
   */
  async freeze(id: VolumeId, snapshot: SnapshotId, abort: AbortSignal): Promise<void> {
    await this.#stopMerge(id)
    const record = this.#require(id)
    if (record.frozen[snapshot] !== undefined) return
    const [folder, server] = [this.#folderOf(id), this.#serverOf(id)]
    const top = await topLayer(folder)
    const { sizeMiB } = record
    const key = await this.#keyOf(record)
    await makeLayer(layerFile(folder, top + 1), {
      over: `${top}.qcow2`,
      sizeMiB,
      user: userOfVolume(id),
      random: this.#random,
      ...(key !== undefined && { like: { empty: join(folder, emptyName), key } }),
    })
    if (server.lives) await this.#move(id, server, top + 1, abort)
    this.#change(id, ({ frozen }) => ({ frozen: { ...frozen, [snapshot]: top } }))
  }

  async remove(id: VolumeId, abort: AbortSignal): Promise<void> {
    abort.throwIfAborted()
    if (!(await exists(this.#folderOf(id)))) return
    await this.#stopMerge(id)
    const server = this.#serverOf(id)
    for (const it of server.record?.domains ?? []) await this.#hideFrom(it, id)
    await server.stop()
    this.#servers.delete(id)
    await rm(this.#folderOf(id), { recursive: true, force: true })
    await this.#options.store.tidy()
  }

  async keep({ id, of, key }: SnapshotSpec, abort: AbortSignal): Promise<void> {
    const { store, host, images } = this.#options
    if (of.kind === 'snapshot') return store.keepCopy({ id, host }, of.snapshot, key, abort)
    if (of.kind === 'image') return store.keepFile({ id, host }, join(images, of.image, of.file), of.sizeMiB)
    if (store.has(id)) return
    const record = this.#require(of.volume)
    const layer = record.frozen[id]
    if (layer === undefined) throw new Fault(`${of.volume} was not frozen for ${id}`)
    await store.keepLayers({ id, host }, { record, folder: this.#folderOf(of.volume), layer }, abort)
    this.#mergeSoon(of.volume)
  }

  async drop(id: SnapshotId, abort: AbortSignal): Promise<void> {
    abort.throwIfAborted()
    await this.#options.store.drop(id)
    for (const volume of await this.#ids()) if (this.#wasFrozenFor(volume, id)) this.#forget(volume, id)
  }

  async list(abort: AbortSignal): Promise<VolumesFact> {
    abort.throwIfAborted()
    const volumes = await Promise.all((await this.#ids()).map((it) => this.#factOf(it)))
    return { volumes, snapshots: await this.#options.store.list(this.#options.host) }
  }

  watch(changed: () => void): void {
    this.#watchers.add(changed)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort(new Fault('the driver is let go of'))
    this.#watchers.clear()
    await Promise.all([...this.#merges.values()].map((it) => it.done))
    await Promise.all([...this.#servers.values()].map((it) => it.release()))
  }

  async #factOf(id: VolumeId): Promise<VolumeFact> {
    try {
      const record = this.#require(id)
      await topLayer(this.#folderOf(id))
      await this.#keyOf(record)
      if (record.over) await this.#options.store.filesOf(record.over)
      const server = this.#serverOf(id)
      const served = server.lives ? server.record : undefined
      const frozen = Object.keys(record.frozen) as SnapshotId[]
      const common = { id, state: 'ready', sizeMiB: record.sizeMiB, domains: served?.domains ?? [], frozen } as const
      return served ? { ...common, limits: served.limits } : common
    } catch (error) {
      return { id, state: 'broken', sizeMiB: 0, domains: [], frozen: [], message: messageOf(error) }
    }
  }

  /**
   * Makes one of all layers but the highest, behind the back of guests, once they are many: all that read a volume go through
   * them. Not while one of them is still to be copied for a snapshot. Anything else that is done with the volume comes first.
   */
  #mergeSoon(id: VolumeId): void {
    if (this.#merges.has(id) || this.#end.signal.aborted) return
    const stop = new AbortController()
    const done = this.#merge(id, AbortSignal.any([stop.signal, this.#end.signal])).catch((error: unknown) => {
      if (!stop.signal.aborted)
        this.#options.log.warn({ volume: id, error: messageOf(error) }, 'layers were not merged')
    })
    this.#merges.set(id, { stop, done: done.finally(() => this.#merges.delete(id)) })
  }

  async #merge(id: VolumeId, abort: AbortSignal): Promise<void> {
    const [folder, server] = [this.#folderOf(id), this.#serverOf(id)]
    const layers = await layersOf(folder)
    const [, top] = layers
    const lowest = layers.at(-1)
    if (!server.lives || top === undefined || lowest === undefined || layers.length <= longestChain) return
    if (!(await this.#forgetKept(id)) || !(await server.merge(top, abort))) return
    // From here on the layer on top says that it lies over `top`: the old file of that name will do as well as the new one.
    // The server goes on to know the lowest layer by its first name.
    await alias(layerFile(folder, lowest), layerFile(folder, top))
    const used = [...(await layersOf(folder)), server.record?.base]
    for (const it of await numbersIn(folder)) if (!used.includes(it)) await rm(layerFile(folder, it))
    this.#options.log.info({ volume: id, layers: layers.length - used.length }, 'layers were merged')
  }

  /** Forgets which layers were frozen for snapshots that are complete. True if there are no others. */
  async #forgetKept(id: VolumeId): Promise<boolean> {
    const record = this.#require(id)
    const open = Object.entries(record.frozen).filter(([it]) => !this.#options.store.has(it as SnapshotId))
    if (open.length === 0) this.#change(id, () => ({ frozen: {} }))
    return open.length === 0
  }

  #wasFrozenFor(volume: VolumeId, snapshot: SnapshotId): boolean {
    try {
      return this.#require(volume).frozen[snapshot] !== undefined
    } catch {
      return false // It is broken, which `list` tells; nothing of it is written.
    }
  }

  #forget(volume: VolumeId, snapshot: SnapshotId): void {
    this.#change(volume, ({ frozen }) => ({
      frozen: Object.fromEntries(Object.entries(frozen).filter(([it]) => it !== snapshot)),
    }))
  }

  /** Reads and writes without waiting: nobody else changes the record meanwhile. */
  #change(id: VolumeId, change: (record: VolumeRecord) => Partial<VolumeRecord>): void {
    const record = this.#require(id)
    writeRecord(join(this.#folderOf(id), 'volume.json'), { ...record, ...change(record) })
  }

  async #stopMerge(id: VolumeId): Promise<void> {
    const merge = this.#merges.get(id)
    merge?.stop.abort()
    await merge?.done
  }

  /** A server that cannot move is started over the new layer instead: who is connected waits for that. */
  async #move(id: VolumeId, server: VolumeServer, layer: number, abort: AbortSignal): Promise<void> {
    const { domains, limits } = server.record! // It runs, so there is one.
    try {
      if (server.record?.layer !== layer - 1) throw new Fault(`it writes to layer ${server.record?.layer}`)
      await server.moveTo(layer, this.#require(id).key !== undefined, abort)
    } catch (error) {
      this.#options.log.warn(
        { volume: id, error: messageOf(error) },
        'a server could not move to a new layer: started again',
      )
      await server.stop()
      await this.serve(id, { domains, limits }, abort)
    }
  }

  async #diskOf(record: VolumeRecord, folder: string): Promise<ServedDisk> {
    const layers = await layersOf(folder)
    const key = await this.#keyOf(record)
    const below = record.over ? await this.#options.store.filesOf(record.over) : []
    return { layers, below, ...(key !== undefined && { key }) }
  }

  async #keyOf({ key }: VolumeRecord): Promise<string | undefined> {
    return key && (await this.#options.keys.open(key))
  }

  /** The socket under another name, in a folder that the domain's user alone passes through. */
  async #showTo(domain: DomainId, id: VolumeId): Promise<void> {
    const path = this.connection(this.#options.host, id, domain).socket
    const folder = join(path, '..')
    await mkdir(join(folder, '..'), { recursive: true, mode: 0o755 })
    await ownFolder(folder, userOfDomain(domain))
    await alias(nbdSocketIn(this.#folderOf(id)), path)
  }

  async #hideFrom(domain: DomainId, id: VolumeId): Promise<void> {
    const path = this.connection(this.#options.host, id, domain).socket
    await rm(path, { force: true })
    await rmdir(join(path, '..')).catch((error: unknown) => {
      if (!['ENOTEMPTY', 'ENOENT'].includes(systemCode(error) ?? '')) throw error
    })
  }

  #require(id: VolumeId): VolumeRecord {
    const record = readRecord<VolumeRecord>(join(this.#folderOf(id), 'volume.json'))
    if (!record) throw new Fault(`there is no volume ${id} here`)
    return record
  }

  #serverOf(id: VolumeId): VolumeServer {
    const known = this.#servers.get(id)
    if (known) return known
    const { clock, log } = this.#options
    const changed = () => {
      for (const it of this.#watchers) it()
    }
    const server = new VolumeServer({
      folder: this.#folderOf(id),
      user: userOfVolume(id),
      clock,
      log: log.child({ volume: id }),
      changed,
    })
    this.#servers.set(id, server)
    return server
  }

  async #ids(): Promise<VolumeId[]> {
    const names = await readdir(this.#volumes).catch(emptyIfMissing)
    return names.filter((it): it is VolumeId => /^vol-[0-9a-f]+$/.test(it))
  }

  #folderOf(id: VolumeId): string {
    return join(this.#volumes, id)
  }
}

/** Its user opens what is in it, and can neither list, add nor rename. */
async function ownFolder(folder: string, user: number): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await chown(folder, process.getuid?.() ?? 0, user)
  await chmod(folder, 0o710)
}

/** Gives a file a second name, which another may have had. */
async function alias(file: string, name: string): Promise<void> {
  await rm(`${name}.new`, { force: true })
  await link(file, `${name}.new`)
  await rename(`${name}.new`, name)
  await rm(`${name}.new`, { force: true }) // Two names of one file: rename leaves both. Source: rename(2).
}

function isSame(a: object, b: object): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

function emptyIfMissing(error: unknown): string[] {
  if (systemCode(error) === 'ENOENT') return []
  throw error
}
