import { chmod, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../../../base/clock.ts'
import { Fault, messageOf } from '../../../base/fault.ts'
import type { Log } from '../../../base/log.ts'
import { hasEnded, identify, isAlive, type ProcessIdentity, sendKill } from '../../../base/process.ts'
import type { VolumeLimits } from '../../../host-api/volumes.ts'
import { snapshotReaders } from '../../../model/volume-user.ts'
import { confined } from '../../qemu/confine.ts'
import { Control } from '../../qemu/control.ts'
import { failureOf, firstFd, launch } from '../../qemu/launch.ts'
import type { Qmp } from '../../qemu/qmp.ts'
import {
  baseNode,
  chainNode,
  exported,
  layerNode,
  limitedName,
  limitedNode,
  limitsObject,
  nodeOf,
  serverArguments,
  throttleLimits,
} from './arguments.ts'
import { secretObject } from './keys.ts'
import { layerFile } from './layers.ts'
import { readRecord, type ServerRecord, writeRecord } from './records.ts'

export interface ServerSurroundings {
  /** The volume's. */
  readonly folder: string
  readonly user: number
  readonly clock: Clock
  readonly log: Log
  /** Called when the process may have ended by itself. */
  changed(): void
}

/** What a server has, and the key to it if it is encrypted. */
export interface ServedDisk {
  /** Layers of the volume's folder, the highest first. */
  readonly layers: readonly number[]
  /** The volume's own file between those and what is below, if it has one. */
  readonly base?: string
  /** Files of snapshots that they lie over, likewise. */
  readonly below: readonly string[]
  readonly key?: string
}

const [mergeJob, fillJob] = ['merge', 'fill']
/** Of a server that has been started and not yet been given its volume. */
const noLayer = -1

/**
 * Memory of large requests is kept from one to the next, 16 MiB at most: taken from the kernel and zeroed for each of them, it costs up to a
 * quarter of their speed (ADR 18). Source: mallopt(3), M_MMAP_THRESHOLD, M_TRIM_THRESHOLD, M_TOP_PAD.
 */
const memoryKept = {
  MALLOC_MMAP_THRESHOLD_: `${16 * 2 ** 20}`,
  MALLOC_TRIM_THRESHOLD_: `${16 * 2 ** 20}`,
  MALLOC_TOP_PAD_: `${2 ** 20}`,
}

export const nbdSocketIn = (folder: string) => join(folder, 'nbd')
const patienceMs = 10_000

/**
 * The process that serves one volume: `qemu-storage-daemon`, as a user of its own, without network. It outlives us. One for each
 * volume: whoever takes one over has that volume and no other, and one that dies takes no other along. Costs 1.3 MiB of
 * memory (measured; the program itself is shared), and up to 16 more once its guest has moved much at a time.
 */
export class VolumeServer {
  readonly #around: ServerSurroundings
  #record: ServerRecord | undefined
  #control: Control | undefined

  constructor(around: ServerSurroundings) {
    this.#around = around
    this.#record = readRecord(this.#file)
  }

  get record(): ServerRecord | undefined {
    return this.#record
  }

  get lives(): boolean {
    return this.#record?.process !== undefined && isAlive(this.#record.process)
  }

  /** Begins to listen to a process that was found. A job that one who died had begun ends: nobody would know what it was to do. */
  async adopt(abort: AbortSignal): Promise<void> {
    if (!this.lives) return
    const control = await this.#connect(abort)
    for (const { device } of await control.execute('query-block-jobs', {}, { abort }))
      await this.#endJob(device, control)
  }

  /** Starts it over this disk. Throws with what it said where it does not run. */
  async start(disk: ServedDisk, limits: VolumeLimits, abort: AbortSignal): Promise<void> {
    await this.stop()
    const { folder, user, log } = this.#around
    const args = serverArguments(folder, limits, { control: firstFd, nbd: firstFd + 1 })
    const command = confined(['qemu-storage-daemon', ...args], { user, groups: [snapshotReaders] })
    const sockets = [this.#controlSocket, nbdSocketIn(folder)]
    const child = await launch({ command, sockets, environment: memoryKept, log: join(folder, 'server.log') })
    const process = child.pid === undefined ? undefined : identify(child.pid)
    const failure = failureOf(child, join(folder, 'server.log'))
    if (!process) return await failure
    // Until it has the volume it serves none, should we die now.
    this.#save({ layer: noLayer, limits, domains: [], process })
    try {
      // Whoever gets to the socket has come through a folder that is open to its domain alone.
      await chmod(nbdSocketIn(folder), 0o666)
      await Promise.race([this.#open(disk, abort), failure])
    } catch (error) {
      // Its socket closes before one hears of its end; what it said is the better reason.
      const ended = await hasEnded(process, { clock: this.#around.clock, timeoutMs: 1000 })
      await this.stop()
      if (ended) await failure
      throw error
    }
    const [layer = noLayer, base = layer] = [disk.layers[0], disk.layers.at(-1)]
    this.#save({ layer, base, limits, domains: [], process })
    log.info({ pid: process.pid, layer }, 'a volume is served')
  }

  async #open({ key, ...disk }: ServedDisk, abort: AbortSignal): Promise<void> {
    const control = await this.#connect(abort)
    const [layer = noLayer] = disk.layers
    if (key !== undefined)
      await control.execute('object-add', { 'qom-type': 'secret', id: secretObject, data: key }, { abort })
    const chain = { ...disk, folder: this.#around.folder, isSealed: key !== undefined }
    await control.execute('blockdev-add', chainNode(chain), { abort }).catch((cause: unknown) => {
      throw new Fault(`layer ${layer} cannot be opened: ${messageOf(cause)}`, { cause })
    })
    await control.execute('blockdev-add', limitedNode(layer), { abort })
    await control.execute('block-export-add', exported, { abort })
  }

  /** Writes down who has been shown the way here. */
  remember(domains: ServerRecord['domains']): void {
    if (this.#record) this.#save({ ...this.#record, domains })
  }

  /** Everything written from now on goes into this layer, which is empty and lies over the one before. */
  async moveTo(layer: number, isSealed: boolean, abort: AbortSignal): Promise<void> {
    const before = this.#record?.layer ?? layer - 1
    const control = await this.#connect(abort)
    const node = { ...layerNode(layerFile(this.#around.folder, layer), layer, isSealed), backing: null }
    await control.execute('blockdev-add', node, { abort })
    await control.execute('blockdev-snapshot', { node: nodeOf(before), overlay: nodeOf(layer) }, { abort })
    this.#save({ ...this.#record!, layer }) // It runs, so there is one.
  }

  /**
   * Writes the layers from `top` down into the lowest, under a running guest. Whoever stops it, or dies, leaves them as they were to
   * whoever reads them: what is above hides what has been written below. False if it was cut short.
   * Source: QEMU QMP Reference Manual 7.2, block-commit.
   */
  async merge(top: number, abort: AbortSignal): Promise<boolean> {
    const { base } = this.#record! // It runs, so there is one.
    if (base === undefined || base >= top) return false
    const control = await this.#connect(abort)
    const nodes = { 'top-node': nodeOf(top), 'base-node': nodeOf(base), 'backing-file': `${top}.qcow2` }
    const isMerged = await this.#runJob(mergeJob, 'block-commit', { device: limitedName, ...nodes }, abort)
    if (isMerged) for (let layer = top; layer > base; layer--) await this.#close(layer, control)
    return isMerged
  }

  /** A layer that it was given after its start it has open until it is told to close it; others are closed by now. One keeps those below it. */
  async #close(layer: number, control: Qmp): Promise<void> {
    await control.execute('blockdev-del', { 'node-name': nodeOf(layer) }).catch((error: unknown) => {
      this.#around.log.debug({ layer, error: messageOf(error) }, 'a layer was closed already')
    })
  }

  /**
   * Copies into the base what of it is only below yet, so fast at most, under a running guest. Where it is cut short it goes on the
   * next time. Once it is done all of it is on disk.
   * Source: QEMU QMP Reference Manual 7.2, block-stream; block/stream.c (stream_clean makes the file read-only again, which flushes it).
   */
  fill(bytesPerSecond: number, abort: AbortSignal): Promise<boolean> {
    return this.#runJob(fillJob, 'block-stream', { device: baseNode, speed: bytesPerSecond }, abort)
  }

  /** Runs a job. False if it was cut short; throws where it failed. */
  async #runJob(
    job: string,
    command: 'block-commit' | 'block-stream',
    args: object,
    abort: AbortSignal,
  ): Promise<boolean> {
    const control = await this.#connect(abort)
    const isOurs = (data: unknown) => (data as { device?: string } | undefined)?.device === job
    using completed = this.#control!.expect('BLOCK_JOB_COMPLETED', isOurs) // Connected a moment ago.
    using cancelled = this.#control!.expect('BLOCK_JOB_CANCELLED', isOurs)
    await control.execute(command, { 'job-id': job, ...args }, { abort })
    const stop = () => void this.#endJob(job, control)
    abort.addEventListener('abort', stop)
    try {
      if (abort.aborted) stop()
      return await Promise.race([completed.seen.then(throwFailure), cancelled.seen.then(() => false)])
    } finally {
      abort.removeEventListener('abort', stop)
    }
  }

  /** One that has ended meanwhile is not there any more. */
  async #endJob(job: string, control: Qmp): Promise<void> {
    await control.execute('block-job-cancel', { device: job }).catch((error: unknown) => {
      this.#around.log.debug({ job, error: messageOf(error) }, 'a job had ended')
    })
  }

  async limit(limits: VolumeLimits, abort: AbortSignal): Promise<void> {
    const control = await this.#connect(abort)
    const value = throttleLimits(limits)
    await control.execute('qom-set', { path: `/objects/${limitsObject}`, property: 'limits', value }, { abort })
    this.#save({ ...this.#record!, limits }) // It runs, so there is one.
  }

  /** Ends it: everything that was acknowledged is in the layer's file. Resolves at once if it has ended. */
  async stop(): Promise<void> {
    const process = this.#record?.process
    if (process && isAlive(process)) {
      try {
        const control = await this.#connect(AbortSignal.timeout(patienceMs))
        await control.execute('quit', {}, { timeoutMs: 1000 })
      } catch (error) {
        this.#around.log.debug({ error: messageOf(error) }, 'the server of a volume ends without a word')
      }
      await this.#end(process)
    }
    await this.release()
    await rm(this.#file, { force: true })
    this.#record = undefined
  }

  /** Lets go of the process, which goes on. */
  async release(): Promise<void> {
    const control = this.#control
    this.#control = undefined
    await control?.close()
  }

  async #end(process: ProcessIdentity): Promise<void> {
    const { clock } = this.#around
    if (await hasEnded(process, { clock, timeoutMs: 2_000 })) return
    sendKill(process)
    if (!(await hasEnded(process, { clock, timeoutMs: patienceMs })))
      throw new Fault(`process ${process.pid} does not end`)
  }

  /** Its socket closes a moment before a process is gone: who looked at once would find it alive, and not look again for long. */
  async #noticeEnd(): Promise<void> {
    const process = this.#record?.process
    try {
      if (process) await hasEnded(process, { clock: this.#around.clock, timeoutMs: 5_000 })
    } finally {
      this.#around.changed()
    }
  }

  async #connect(abort: AbortSignal) {
    this.#control ??= new Control(this.#controlSocket, { event: () => {}, closed: () => void this.#noticeEnd() })
    return await this.#control.connect(patienceMs, abort)
  }

  #save(record: ServerRecord): void {
    this.#record = record
    writeRecord(this.#file, record)
  }

  get #file(): string {
    return join(this.#around.folder, 'server.json')
  }

  get #controlSocket(): string {
    return join(this.#around.folder, 'qmp')
  }
}

/** A job that failed says so as it completes. Source: QEMU QMP Reference Manual 7.2, BLOCK_JOB_COMPLETED. */
function throwFailure(data: unknown): true {
  const { error } = data as { readonly error?: string }
  if (error !== undefined) throw new Fault(error)
  return true
}
