/**
 * The parked machines of this machine, which all of its hosts share: a folder for each, by its key.
 *
 *     <key>/machine.json   where its memory says who it is; written last
 *     <key>/memory state console root.qcow2 layer.qcow2
 *     making/ disks/ templates/   of the one that is being made
 *     standby/ disks/             of those that stand by
 */
import { createHash } from 'node:crypto'
import { closeSync } from 'node:fs'
import { chmod, chown, mkdir, readdir, readFile, realpath, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Fault, messageOf, systemCode } from '../../../../base/fault.ts'
import { run } from '../../../../base/subprocess.ts'
import type { DomainSpec } from '../../../../host-api/spec.ts'
import type { DomainId } from '../../../../model/ids.ts'
import { parkedName, type StorageDriver } from '../../../storage/driver.ts'
import type { DomainWiring, ParkedMachine, Parking, Standby } from '../../driver.ts'
import { qemuArguments } from '../arguments.ts'
import { clearRemains, type Ground } from '../boot.ts'
import { readRecord } from '../record.ts'
import { loadMemory, makeMemory } from './memory.ts'
import { dropNamespace, makeTap } from './nowhere.ts'
import { canPark, machineToPark, park } from './park.ts'
import { requireLayerOf } from './plain-layer.ts'
import { type PoolOptions, StandbyPool } from './pool.ts'

export interface LotOptions {
  readonly folder: string
  readonly ground: Ground
  /** Makes the disks of machines that are to be parked; in `folder`, so that they can become theirs. */
  readonly storage: StorageDriver
  /** Made while a machine is parked, for a tap that leads nowhere. Unique on the machine. */
  readonly namespace: string
  /** Absent: none stand by. */
  readonly standbys?: Pick<PoolOptions, 'heirs' | 'most' | 'rehearsal'>
}

/** More than these are more than anybody launches at a time; those not used for the longest time go. */
const mostMachines = 8
const never = new AbortController().signal
const tapName = 'tap0'

/** Removes what was being made when a process before this one died. */
export async function openLot(options: LotOptions): Promise<Parking> {
  const lot = new Lot(options)
  await lot.clear()
  return lot
}

class Lot implements Parking {
  readonly #options: LotOptions
  /** Descriptors of memories, by their machine's key. */
  readonly #memories = new Map<string, Promise<number>>()
  /** Keys of those that were tried and did not park, until the next process. */
  readonly #vain = new Set<string>()
  readonly #end = new AbortController()
  readonly #pool: StandbyPool | undefined
  /** Resolves, whatever comes of it. */
  #making: Promise<unknown> | undefined

  constructor(options: LotOptions) {
    const { standbys, ground, storage, folder, namespace } = options
    this.#options = options
    const its = { ground, storage, folder: join(folder, 'standby'), namespace: `${namespace}-by` }
    this.#pool = standbys && new StandbyPool({ ...its, ...standbys })
  }

  async clear(): Promise<void> {
    const { ground, storage } = this.#options
    const making = this.#in('making')
    await clearRemains(join(making, 'domain'), readRecord(join(making, 'domain')), ground.clock)
    await rm(making, { recursive: true, force: true })
    await this.#pool?.clear()
    for (const it of await storage.list(never)) await storage.release(it, never)
    await dropNamespace(this.#options.namespace)
  }

  async find(spec: DomainSpec): Promise<ParkedMachine | undefined> {
    if (!canPark(spec)) return undefined
    const key = await this.#keyOf(spec)
    const about = await readAbout(this.#in(key))
    if (!about) return undefined
    const memory = await this.#memoryOf(key)
    const now = this.#options.ground.clock.now()
    await utimes(this.#in(key), now, now)
    const { state, console, file, layer } = this.#filesOf(key)
    return { key, memory, state, console, ...about, root: { key, file, layer } }
  }

  prepare(spec: DomainSpec): void {
    if (!canPark(spec) || this.#making || this.#end.signal.aborted) return
    this.#begin(spec, (key) => !this.#vain.has(key)).catch(() => {}) // It is logged.
  }

  async warm(spec: DomainSpec): Promise<'made' | 'there'> {
    if (!canPark(spec)) throw new Fault(whyNot(spec))
    while (this.#making) await this.#making
    this.#end.signal.throwIfAborted()
    try {
      return (await this.#begin(spec, () => true)) ? 'made' : 'there'
    } catch (cause) {
      const isLate = cause instanceof Error && cause.name === 'TimeoutError'
      const why = isLate ? 'its guest did not say in time that it is parked' : messageOf(cause)
      throw new Fault(`a machine of ${spec.boot.image} does not park, and others like it boot: ${why}`, { cause })
    }
  }

  /** Makes one, where there is none and it `may` be tried; whether it has. Not while another is being made. */
  #begin(spec: DomainSpec, may: (key: string) => boolean): Promise<boolean> {
    const { image } = spec.boot
    const work = this.#ensure(spec, may).finally(() => {
      this.#making = undefined
    })
    this.#making = work.catch((error: unknown) => {
      if (this.#end.signal.aborted) return
      this.#options.ground.log.warn({ image, error: messageOf(error) }, 'a machine does not park: others like it boot')
    })
    return work
  }

  /** Whether one was made. */
  async #ensure(spec: DomainSpec, may: (key: string) => boolean): Promise<boolean> {
    const key = await this.#keyOf(spec)
    const isMissing = !(await readAbout(this.#in(key))) && may(key)
    if (isMissing) await this.#tryToMake(spec, key)
    await this.#fill(spec)
    return isMissing
  }

  async #tryToMake(spec: DomainSpec, key: string): Promise<void> {
    try {
      await this.#make(spec, key)
    } catch (error) {
      this.#vain.add(key)
      throw error
    }
    this.#vain.delete(key)
    const about = { key, image: spec.boot.image, memoryMiB: spec.memoryMiB }
    this.#options.ground.log.info(about, 'a machine is parked: others like it wake')
    await this.#makeRoom()
  }

  /** Has a copy stand by of what is parked for domains like this. It counts as used, and its memory is there before it is needed. */
  async #fill(spec: DomainSpec): Promise<void> {
    const machine = await this.find(spec)
    const nobodys = { ...machineToPark(spec), boot: spec.boot } // A reboot is an ordinary boot.
    if (machine) await this.#pool?.fill(machine, nobodys, await this.#bootFiles(spec), this.#end.signal)
  }

  async take(spec: DomainSpec): Promise<Standby | undefined> {
    if (!this.#pool || !canPark(spec)) return undefined
    return this.#pool.take(await this.#keyOf(spec), spec)
  }

  async drop(standby: Standby): Promise<void> {
    await this.#pool?.drop(standby)
  }

  forget(domain: DomainId): void {
    this.#options.standbys?.heirs.remove(domain)
  }

  async discard(key: string): Promise<void> {
    await this.#pool?.endOf(key)
    const memory = this.#memories.get(key)
    this.#memories.delete(key)
    await rm(this.#in(key), { recursive: true, force: true })
    const descriptor = await memory?.catch(() => undefined)
    if (descriptor !== undefined) closeSync(descriptor)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort()
    await this.#making
    await this.#pool?.[Symbol.asyncDispose]()
    for (const it of this.#memories.values()) {
      const memory = await it.catch(() => undefined)
      if (memory !== undefined) closeSync(memory)
    }
  }

  async #make(spec: DomainSpec, key: string): Promise<void> {
    const { ground, storage } = this.#options
    const abort = this.#end.signal
    const machine = machineToPark(spec)
    const making = this.#in('making')
    await mkdir(making, { recursive: true, mode: 0o700 })
    const memory = makeMemory(machine.memoryMiB * 2 ** 20)
    try {
      const disks = await storage.provide(machine.id, machine.disks, abort)
      const rootIndex = machine.disks.findIndex((it) => it.kind === 'root')
      const [root, rootSpec] = [disks[rootIndex], machine.disks[rootIndex]]
      if (!root || rootSpec?.kind !== 'root') throw new Fault(`${spec.id} has no root disk`)
      const tap = { namespace: this.#options.namespace, tap: tapName }
      await makeTap(tap, ground.userOf(machine.id))
      const wiring: DomainWiring = { ...(await this.#bootFiles(machine)), disks, taps: [tap] }
      const around = { folder: join(making, 'domain'), clock: ground.clock, log: ground.log, changed: () => {} }
      const result = join(making, 'result')
      await mkdir(result, { mode: 0o755 })
      const groupName = `parking-${createHash('sha256').update(making).digest('hex').slice(0, 8)}`
      const about = await park(ground, machine, wiring, { around, groupName, abort, memory, folder: result })
      await this.#takeDisk(root.file, await storage.imageFile(rootSpec.image, rootSpec.file), result)
      await writeFile(join(result, 'machine.json'), JSON.stringify(about))
      await rename(result, this.#in(key))
      this.#memories.set(key, Promise.resolve(memory))
    } catch (error) {
      closeSync(memory)
      throw error
    } finally {
      await storage.release(machine.id, never)
      await dropNamespace(this.#options.namespace)
      await rm(making, { recursive: true, force: true })
    }
  }

  /** Its disk is one that others' lie over: its process, which may have been taken over by its guest, must not choose what is below. */
  async #takeDisk(disk: string, image: string, folder: string): Promise<void> {
    const bytes = await requireLayerOf(disk, image)
    const file = join(folder, 'root.qcow2')
    await rename(disk, file)
    await chown(file, 0, 0)
    await chmod(file, 0o444)
    const layer = join(folder, 'layer.qcow2')
    await run('qemu-img', ['create', '-q', '-f', 'qcow2', '-u', '-F', 'qcow2', '-b', parkedName, layer, `${bytes}`])
  }

  /** Differs with everything that a copy has from what it is a copy of. */
  async #keyOf(spec: DomainSpec): Promise<string> {
    const machine = machineToPark(spec)
    const { storage, ground } = this.#options
    const files = await Promise.all([
      realpath('/usr/bin/qemu-system-x86_64'),
      ...Object.values(await this.#bootFiles(machine)),
      ...machine.disks.map((it) => (it.kind === 'root' ? storage.imageFile(it.image, it.file) : '/')),
    ])
    const stamps = await Promise.all(files.map(stampOf))
    const disks = machine.disks.map(({ serial }) => ({ file: '/', format: 'qcow2' as const, serial }))
    const wiring = { kernel: '/', ramdisk: '/', disks, taps: [{ namespace: '', tap: tapName }] }
    const parking = { role: 'park', memoryFd: 0 } as const
    const args = qemuArguments({ spec: machine, wiring, accelerator: ground.accelerator, controlFd: 0, parking })
    const all = JSON.stringify([args, machine.disks, stamps])
    return createHash('sha256').update(all).digest('hex').slice(0, 24)
  }

  async #bootFiles({ boot }: DomainSpec): Promise<Pick<DomainWiring, 'kernel' | 'ramdisk'>> {
    const { storage } = this.#options
    const [kernel, ramdisk] = await Promise.all([
      boot.kernel && storage.imageFile(boot.kernelImage ?? boot.image, boot.kernel),
      boot.ramdisk && storage.imageFile(boot.ramdiskImage ?? boot.image, boot.ramdisk),
    ])
    return { ...(kernel && { kernel }), ...(ramdisk && { ramdisk }) }
  }

  #memoryOf(key: string): Promise<number> {
    const known = this.#memories.get(key)
    if (known) return known
    const loading = loadMemory(this.#filesOf(key).memory)
    this.#memories.set(key, loading)
    loading.catch(() => this.#memories.delete(key))
    return loading
  }

  #filesOf(key: string) {
    const file = (name: string) => join(this.#in(key), name)
    return {
      ...{ memory: file('memory'), state: file('state'), console: file('console') },
      ...{ file: file('root.qcow2'), layer: file('layer.qcow2') },
    }
  }

  async #makeRoom(): Promise<void> {
    const keys = (await readdir(this.#options.folder)).filter((it) => /^[0-9a-f]{24}$/.test(it))
    const usedAt = async (key: string) => (await stat(this.#in(key)).catch(() => undefined))?.mtimeMs ?? 0 // It may just go.
    const dated = await Promise.all(keys.map(async (key) => ({ key, usedAt: await usedAt(key) })))
    for (const { key } of dated.sort((a, b) => b.usedAt - a.usedAt).slice(mostMachines)) await this.discard(key)
  }

  #in(name: string): string {
    return join(this.#options.folder, name)
  }
}

/** Of a domain that cannot be parked. */
function whyNot({ boot, plugs = [] }: DomainSpec): string {
  const cannot = `${boot.image} cannot be parked, and its launches boot`
  if (plugs.length > 0) return `${cannot}: its machines have volumes from the start`
  if (boot.kernel === undefined) return `${cannot}: it is started by its own loader`
  return `${cannot}: its command line does not say cumulet.parks`
}

async function readAbout(folder: string): Promise<Pick<ParkedMachine, 'marks' | 'boot'> | undefined> {
  try {
    return JSON.parse(await readFile(join(folder, 'machine.json'), 'utf8'))
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw error
  }
}

async function stampOf(file: string): Promise<string> {
  const { ino, size, mtimeMs } = await stat(file)
  return [file, ino, size, mtimeMs].join(' ')
}
