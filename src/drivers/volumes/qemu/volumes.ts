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
import { Behind } from './behind.ts'
import type { Keyring, SealedKey } from './keys.ts'
import {
  backingOf,
  baseFile,
  encryptLayer,
  layerFile,
  layersOf,
  makeEmpty,
  makeLayer,
  numbersIn,
  resizeLayer,
  sizeMiBOf,
  topLayer,
} from './layers.ts'
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
  /** Who opens a domain's volumes, if not the user who follows from its id. */
  readonly userOf?: (domain: DomainId) => number
  /** How fast a volume is filled in. */
  readonly fillBytesPerSecond?: number
}

const [shortestPauseMs, longestPauseMs] = [1_000, 60_000]
/** Of a server that serves nobody. */
const noGuest = { operations: 100, bytes: 2 ** 20 }

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
  readonly #behind: Behind

  constructor(options: QemuVolumesOptions) {
    this.#options = options
    this.#behind = new Behind(options.log)
    this.#random = options.random ?? systemRandom
    this.#volumes = join(options.volumes, options.host)
  }

  async find(): Promise<void> {
    for (const id of await this.#ids()) {
      try {
        await this.#serverOf(id).adopt(new AbortController().signal)
      } catch (error) {
        this.#options.log.warn({ volume: id, error: messageOf(error) }, 'the server of a volume does not answer')
      }
      this.#tendSoon(id)
    }
  }

  async create(volume: NewVolume, abort: AbortSignal): Promise<void> {
    abort.throwIfAborted()
    const { id } = volume
    if (await exists(this.#folderOf(id))) return
    await mkdir(this.#volumes, { recursive: true, mode: 0o755 })
    await this.#createNew(volume, abort)
    this.#tendSoon(id)
  }

  async #createNew({ id, sizeMiB, from, key: by }: NewVolume, abort: AbortSignal): Promise<void> {
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
    await this.#behind.stop(id)
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
    else this.#tendSoon(id)
  }

  async serve(id: VolumeId, { domains, limits }: Serving, abort: AbortSignal): Promise<void> {
    const [folder, server] = [this.#folderOf(id), this.#serverOf(id)]
    await this.#behind.stop(id)
    const before = server.record?.domains ?? []
    const gone = before.filter((it) => !domains.includes(it))
    for (const it of gone) await this.#hideFrom(it, id)
    // Who has come in is not put out by a closed door: the others come again by themselves.
    if (gone.length > 0) await server.stop()
    if (domains.length === 0) {
      await server.stop()
      return this.#tendSoon(id)
    }
    const disk = await this.#diskOf(this.#require(id), folder)
    if (!server.lives || server.record?.layer !== disk.layers[0]) await server.start(disk, limits, abort)
    else if (!isSame(server.record!.limits, limits)) await server.limit(limits, abort)
    server.remember([...new Set([...before, ...domains])])
    for (const it of domains) await this.#showTo(it, id)
    server.remember(domains)
    this.#tendSoon(id)
  }

  connection(host: HostId, id: VolumeId, domain: DomainId): Connection {
    return { socket: join(this.#options.volumes, host, 'nbd', domain, id), export: exportName }
  }

  /**
   * The new layer is there, empty, before the server moves to it: should it die in between, it comes back over the new one, which
   * has all that the old one has. Tried again after a death, one more layer is made: later than the first try, and nothing is lost.
   */
  async freeze(id: VolumeId, snapshot: SnapshotId, abort: AbortSignal): Promise<void> {
    await this.#behind.stop(id)
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
    await this.#behind.stop(id)
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
    this.#tendSoon(of.volume)
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
    this.#watchers.clear()
    await this.#behind.end()
    await Promise.all([...this.#servers.values()].map((it) => it.release()))
  }

  async #factOf(id: VolumeId): Promise<VolumeFact> {
    try {
      const record = this.#require(id)
      await topLayer(this.#folderOf(id))
      await this.#keyOf(record)
      if (record.filled) await backingOf(baseFile(this.#folderOf(id)), 'what it began as')
      else if (record.over) await this.#options.store.filesOf(record.over)
      const server = this.#serverOf(id)
      const served = server.lives ? server.record : undefined
      const frozen = Object.keys(record.frozen) as SnapshotId[]
      const common = { id, state: 'ready', sizeMiB: record.sizeMiB, domains: served?.domains ?? [], frozen } as const
      return served?.domains.length ? { ...common, limits: served.limits } : common
    } catch (error) {
      return { id, state: 'broken', sizeMiB: 0, domains: [], frozen: [], message: messageOf(error) }
    }
  }

  /** Fills the volume in and merges its layers, behind the back of guests. Anything else that is done with the volume comes first. */
  #tendSoon(id: VolumeId): void {
    this.#behind.begin(id, async (abort) => {
      await this.#fill(id, abort)
      await this.#merge(id, abort)
    })
  }

  /**
   * Copies what the volume began as to where the volume is, if snapshots are on another file system: without those it would be
   * lost. What serves nobody runs only meanwhile.
   */
  async #fill(id: VolumeId, abort: AbortSignal): Promise<void> {
    const { clock, log } = this.#options
    if (!(await this.#isToFill(id))) return
    for (let pauseMs = shortestPauseMs; ; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
      try {
        return await this.#behind.inTurn(() => this.#fillNow(id, abort), abort)
      } catch (error) {
        abort.throwIfAborted()
        log.warn({ volume: id, error: messageOf(error) }, 'a volume is not filled in yet')
        await clock.sleep(pauseMs, abort)
      }
    }
  }

  /** What a server has been started with it goes on with. */
  async #isToFill(id: VolumeId): Promise<boolean> {
    const [{ over, filled }, folder] = [this.#require(id), this.#folderOf(id)]
    if (!over || filled) return false
    return (await exists(baseFile(folder))) || (!this.#serverOf(id).lives && this.#options.store.isApart(over, folder))
  }

  async #fillNow(id: VolumeId, abort: AbortSignal): Promise<void> {
    const { store, log, fillBytesPerSecond = 32 * 2 ** 20 } = this.#options
    const server = this.#serverOf(id)
    try {
      if (!server.lives) await server.start(await this.#diskOf(this.#require(id), this.#folderOf(id)), noGuest, abort)
      if (!(await server.fill(fillBytesPerSecond, abort))) throw new Fault('it was cut short')
      this.#change(id, () => ({ filled: true }))
      log.info({ volume: id }, 'a volume is filled in')
    } finally {
      if (server.record?.domains.length === 0) await server.stop()
    }
    await store.tidy()
  }

  /**
   * Makes one of all layers but the highest once they are many: all that read a volume go through them. Not while one of them is
   * still to be copied for a snapshot.
   */
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
    const below = record.over && !record.filled ? await this.#options.store.filesOf(record.over) : []
    const base = await this.#baseOf(record, folder, key)
    return { layers, below, ...(base !== undefined && { base }), ...(key !== undefined && { key }) }
  }

  /** Made where the volume has yet to be filled in. */
  async #baseOf({ id, over }: VolumeRecord, folder: string, key: string | undefined): Promise<string | undefined> {
    const { store } = this.#options
    const file = baseFile(folder)
    if (!over || (await exists(file))) return over && file
    if (!(await store.isApart(over, folder))) return undefined
    const [below] = await store.filesOf(over)
    await makeLayer(file, {
      over: below!, // filesOf gives one at least
      sizeMiB: await sizeMiBOf(below!),
      user: userOfVolume(id),
      random: this.#random,
      ...(key !== undefined && { like: { empty: join(folder, emptyName), key } }),
    })
    return file
  }

  async #keyOf({ key }: VolumeRecord): Promise<string | undefined> {
    return key && (await this.#options.keys.open(key))
  }

  /** The socket under another name, in a folder that the domain's user alone passes through. */
  async #showTo(domain: DomainId, id: VolumeId): Promise<void> {
    const path = this.connection(this.#options.host, id, domain).socket
    const folder = join(path, '..')
    await mkdir(join(folder, '..'), { recursive: true, mode: 0o755 })
    await ownFolder(folder, (this.#options.userOf ?? userOfDomain)(domain))
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
