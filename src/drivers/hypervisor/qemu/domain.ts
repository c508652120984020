import { stat, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../../../base/clock.ts'
import { Fault, messageOf } from '../../../base/fault.ts'
import type { Log } from '../../../base/log.ts'
import { hasEnded, isAlive, type ProcessIdentity, sendKill } from '../../../base/process.ts'
import type { DomainSpec } from '../../../host-api/spec.ts'
import type { DomainId, InterfaceId, VolumeId } from '../../../model/ids.ts'
import type { TapPoint } from '../../network/driver.ts'
import type { RunState } from '../../qemu/commands.ts'
import { Control } from '../../qemu/control.ts'
import type { Qmp } from '../../qemu/qmp.ts'
import type { DomainStatus, PluggedVolume, VolumeWiring } from '../driver.ts'
import { consoleBufferBytes, consoleDevice } from './arguments.ts'
import { ConsoleLog } from './console-log.ts'
import { pluggedNics, plugNic, unplugNic } from './nics.ts'
import type { Way } from './parking/migration.ts'
import { type DomainRecord, writeRecord } from './record.ts'
import { pluggedVolumes, plugVolume, resizeVolume, unplugVolume } from './volumes.ts'

export interface DomainSurroundings {
  readonly folder: string
  readonly clock: Clock
  readonly log: Log
  /** Called when the domain may have changed. */
  changed(id: DomainId): void
}

export const socketIn = (folder: string) => join(folder, 'qmp.sock')
export const consoleIn = (folder: string) => join(folder, 'console.log')
export const logIn = (folder: string) => join(folder, 'qemu.log')

/** A healthy QEMU answers in milliseconds, also on a loaded machine. */
const patienceMs = 3_000
const longestLogBytes = 1024 * 1024
/** A guest says that it woke a tenth of a second after it did; twenty at once, on two busy processors, within seconds. */
const wakingMs = 30_000
const neverWoke = `cumulet: the guest has not woken within ${wakingMs / 1000} seconds: it boots`

/** One domain that was started, by this driver or by one before it. Its methods are called one at a time, but for `status` and `console`. */
export class Domain {
  readonly #around: DomainSurroundings
  readonly #control: Control
  readonly #console: ConsoleLog
  #record: DomainRecord
  #vifs: readonly InterfaceId[]
  #reading: Promise<void> = Promise.resolve()
  #ending: Promise<void> | undefined
  readonly #release = new AbortController()
  #volumes: readonly PluggedVolume[] = []

  constructor(around: DomainSurroundings, record: DomainRecord) {
    this.#around = around
    this.#record = record
    this.#vifs = record.spec.vifs.map((it) => it.id).sort()
    this.#volumes = (record.plugs ?? []).map((volume) => ({ volume, sizeMiB: 0 }))
    this.#console = new ConsoleLog(consoleIn(around.folder))
    this.#control = new Control(socketIn(around.folder), {
      event: ({ event }) => this.#notice(event),
      closed: () => this.#noticeEnd(),
    })
  }

  get id(): DomainId {
    return this.#record.id
  }

  get record(): DomainRecord {
    return this.#record
  }

  /** Writes down what is new, before it is done. */
  save(news: Partial<DomainRecord>): void {
    this.#record = { ...this.#record, ...news }
    writeRecord(this.#around.folder, this.#record)
  }

  /** Lets the virtual CPUs of a new process run, after what is to be done while they stand still. */
  async start(
    timeoutMs: number,
    abort: AbortSignal,
    before: (way: Way) => Promise<void> = async () => {},
  ): Promise<void> {
    const qmp = await this.#control.connect(timeoutMs, abort)
    await before({ qmp, control: this.#control, abort })
    await qmp.execute('cont', {}, { timeoutMs, abort })
    const { status } = await qmp.execute('query-status', {}, { timeoutMs, abort })
    if (status !== 'running') throw new Fault(`${this.id} does not run but is ${status}`)
  }

  /** Begins to listen to a process that was found. */
  async adopt(abort: AbortSignal): Promise<void> {
    if (!this.#lives()) return
    await this.#control.connect(patienceMs, abort)
    this.watchWaking()
  }

  /** To speak with the machine, which has to run. */
  async way(abort: AbortSignal): Promise<Way> {
    return { qmp: await this.#running(abort), control: this.#control, abort }
  }

  /** A machine that was to wake and says nothing boots instead, and its console says so. */
  watchWaking(): void {
    if (this.#record.waking === undefined) return
    this.#watchWaking(this.#record.waking).catch((error: unknown) => {
      if (!this.#release.signal.aborted) this.#complain(error)
    })
  }

  async #watchWaking(saidBefore: number): Promise<void> {
    await this.#around.clock.sleep(wakingMs, this.#release.signal)
    if (this.#record.ended === undefined && this.#lives() && !(await this.#hasSaidMore(saidBefore))) {
      this.#around.log.warn('the guest does not wake: it boots')
      await this.#console.append(Buffer.from(`\r\n${neverWoke}\r\n`))
      await this.#reset(await this.#running(this.#release.signal), this.#release.signal)
    }
    const { waking: _, ...rest } = this.#record
    this.#record = rest
    this.save({})
  }

  async #hasSaidMore(bytes: number): Promise<boolean> {
    return (await this.console(bytes + 1)).length > bytes
  }

  /** What is true now; a guest that turns out to be off gives its process back. */
  async status(abort: AbortSignal): Promise<DomainStatus> {
    const broken = (await this.#settle(abort)) === 'internal-error'
    const { id, startedAt, reboots, buttonPressedAt, ended, held } = this.#record
    const vifs = ended === undefined && this.#lives() ? await this.#plugged(abort) : []
    const common = { id, startedAt, reboots, vifs, ...(buttonPressedAt !== undefined && { buttonPressedAt }) }
    if (ended !== undefined) return { ...common, state: 'off', cause: ended }
    if (!this.#lives() || broken) return { ...common, state: 'lost' }
    const waiting = held === undefined ? {} : { heldReboot: held }
    return { ...common, state: 'running', ...waiting, ...(await this.#pluggedVolumes(abort)) }
  }

  /** Asked of the process only where there may be any. */
  async #pluggedVolumes(abort: AbortSignal): Promise<Pick<DomainStatus, 'plugged'>> {
    if (!this.#record.plugs?.length) return {}
    try {
      this.#volumes = await pluggedVolumes(await this.#control.connect(patienceMs, abort), abort)
    } catch (error) {
      abort.throwIfAborted()
      this.#complain(error) // What was seen last is nearer to the truth than nothing.
    }
    return { plugged: this.#volumes }
  }

  async pressButton(abort: AbortSignal): Promise<void> {
    const { rebooting: _, held, ...rest } = this.#record
    this.#record = rest
    this.save({ buttonPressedAt: rest.buttonPressedAt ?? this.#around.clock.now().toISOString() })
    await this.#settle(abort)
    if (this.#record.ended !== undefined || !this.#lives()) return
    const qmp = await this.#control.connect(patienceMs, abort)
    if (held !== undefined) await qmp.execute('cont', {}, { abort }) // One that was halted is to hear the button.
    await qmp.execute('system_powerdown', {}, { abort })
  }

  async reboot(count: number, graceMs: number, abort: AbortSignal): Promise<void> {
    if (this.#record.reboots >= count) return
    if (this.#record.ended !== undefined || !this.#lives()) throw new Fault(`${this.id} does not run`)
    this.save({ rebooting: count })
    const qmp = await this.#control.connect(patienceMs, abort)
    if (!(await this.#shutsDown(qmp, graceMs, abort))) this.#around.log.info('the guest ignores the button: reset')
    await this.#reset(qmp, abort)
    const { rebooting: _, held: __, ...rest } = this.#record
    this.#record = rest
    this.save({ reboots: count })
  }

  async holdReboot(count: number, graceMs: number, abort: AbortSignal): Promise<void> {
    if (this.#record.reboots >= count || this.#record.held === count) return
    if (this.#record.ended !== undefined || !this.#lives()) throw new Fault(`${this.id} does not run`)
    this.save({ rebooting: count })
    const qmp = await this.#control.connect(patienceMs, abort)
    if (!(await this.#shutsDown(qmp, graceMs, abort))) {
      this.#around.log.info('the guest ignores the button: halted')
      await qmp.execute('stop', {}, { abort })
    }
    this.save({ held: count })
  }

  async plug(vif: DomainSpec['vifs'][number], tap: TapPoint, abort: AbortSignal): Promise<void> {
    const { namespace } = this.#record.wiring.taps[0] ?? tap
    if (namespace !== tap.namespace) throw new Fault(`${this.id} hangs in ${namespace}, not in ${tap.namespace}`)
    const from = this.#record.firstNic ? 'elsewhere' : 'inside'
    await plugNic(await this.#running(abort), vif, { tap, from }, abort)
  }

  async unplug(vif: InterfaceId, abort: AbortSignal): Promise<void> {
    const qmp = await this.#running(abort)
    const { firstNic, spec } = this.#record
    const nic = vif === spec.vifs[0]?.id && firstNic ? firstNic : vif
    await unplugNic({ qmp, control: this.#control, clock: this.#around.clock }, nic, abort)
  }

  async plugVolume(volume: VolumeWiring, abort: AbortSignal): Promise<void> {
    if (!this.#lives()) throw new Fault(`${this.id} does not run`)
    this.save({ plugs: [...new Set([...(this.#record.plugs ?? []), volume.volume])] })
    await plugVolume(await this.#control.connect(patienceMs, abort), volume, abort)
  }

  async unplugVolume(volume: VolumeId, abort: AbortSignal): Promise<void> {
    if (this.#record.ended === undefined && this.#lives())
      await unplugVolume(await this.#control.connect(patienceMs, abort), volume, abort)
    this.save({ plugs: (this.#record.plugs ?? []).filter((it) => it !== volume) })
  }

  async resizeVolume(volume: VolumeId, sizeMiB: number, abort: AbortSignal): Promise<void> {
    if (!this.#lives()) throw new Fault(`${this.id} does not run`)
    await resizeVolume(await this.#control.connect(patienceMs, abort), volume, sizeMiB, abort)
  }

  /** Ends the process. A guest that was off already stays off for its own reason. */
  async kill(abort: AbortSignal): Promise<void> {
    await this.#settle(abort)
    if (!this.#lives()) return
    if (this.#record.ended === undefined) this.save({ ended: 'forced' })
    await this.#endProcess()
  }

  async console(bytes: number): Promise<Buffer> {
    await this.takeConsole()
    return this.#console.tail(bytes)
  }

  /** What was written before this process began to. */
  beginConsole(text: Buffer): Promise<void> {
    return this.#console.append(text)
  }

  /** Moves what the guest has written from QEMU's memory to the file. */
  async takeConsole(): Promise<void> {
    this.#reading = this.#reading.then(() => this.#takeConsole()).catch((error: unknown) => this.#complain(error))
    await this.#reading
  }

  /** Lets go of the process, which goes on. */
  async release(): Promise<void> {
    this.#release.abort()
    await this.#control.close()
  }

  /** Does what follows from the process' state, and says which it is. */
  async #settle(abort: AbortSignal): Promise<RunState | undefined> {
    const state = this.#lives() && this.#record.ended === undefined ? await this.#runState(abort) : undefined
    if (state === 'shutdown' && this.#record.rebooting === undefined && this.#record.ended === undefined) {
      this.save({ ended: this.#record.buttonPressedAt === undefined ? 'guest' : 'button' })
    }
    if (this.#record.ended !== undefined && this.#lives()) await this.#endProcess()
    return state
  }

  /** The way to the machine, which has to run. */
  async #running(abort: AbortSignal): Promise<Qmp> {
    if (this.#record.ended !== undefined || !this.#lives()) throw new Fault(`${this.id} does not run`)
    return await this.#control.connect(patienceMs, abort)
  }

  /** What is plugged in; what was last known where QEMU does not say. */
  async #plugged(abort: AbortSignal): Promise<readonly InterfaceId[]> {
    try {
      const qmp = await this.#control.connect(patienceMs, abort)
      const { firstNic, spec } = this.#record
      const nics = await pluggedNics(qmp, abort)
      this.#vifs = nics.map((it) => (it === firstNic ? (spec.vifs[0]?.id ?? it) : it)).sort()
    } catch (error) {
      abort.throwIfAborted()
      if (this.#lives()) this.#complain(error)
    }
    return this.#vifs
  }

  async #runState(abort: AbortSignal): Promise<RunState | undefined> {
    try {
      const qmp = await this.#control.connect(patienceMs, abort)
      return (await qmp.execute('query-status', {}, { timeoutMs: patienceMs, abort })).status
    } catch (error) {
      abort.throwIfAborted()
      // Its socket closes a moment before a process is gone.
      if (!(await this.#gone(1000))) this.#complain(error)
      return undefined
    }
  }

  /** Presses the button and waits for the guest to go off: whether it did within `graceMs`. */
  async #shutsDown(qmp: Qmp, graceMs: number, abort: AbortSignal): Promise<boolean> {
    using off = this.#control.expect('SHUTDOWN')
    if ((await qmp.execute('query-status', {}, { abort })).status === 'shutdown') return true
    await qmp.execute('system_powerdown', {}, { abort })
    const enough = new AbortController()
    try {
      const grace = this.#around.clock.sleep(graceMs, AbortSignal.any([abort, enough.signal]))
      return await Promise.race([off.seen.then(() => true), grace.then(() => false)])
    } finally {
      enough.abort()
    }
  }

  /** From the beginning, and on. Source: QEMU QMP Reference Manual, system_reset: a machine that was off then waits for `cont`. */
  async #reset(qmp: Qmp, abort: AbortSignal): Promise<void> {
    using reset = this.#control.expect('RESET')
    await qmp.execute('system_reset', {}, { abort })
    await reset.seen
    const { status } = await qmp.execute('query-status', {}, { abort })
    if (status !== 'running') await qmp.execute('cont', {}, { abort })
  }

  #endProcess(): Promise<void> {
    this.#ending ??= this.#end().finally(() => {
      this.#ending = undefined
    })
    return this.#ending
  }

  async #end(): Promise<void> {
    await this.takeConsole()
    try {
      const qmp = await this.#control.connect(patienceMs, AbortSignal.timeout(patienceMs))
      await qmp.execute('quit', {}, { timeoutMs: 1000 })
    } catch (error) {
      if (this.#lives()) this.#complain(error) // It may have gone before it answered.
    }
    if (await this.#gone(2000)) return
    if (this.#record.process) sendKill(this.#record.process)
    if (!(await this.#gone(10_000))) throw new Fault(`${this.id}: the process does not end`)
  }

  async #takeConsole(): Promise<void> {
    if (!this.#lives()) return
    const abort = AbortSignal.timeout(patienceMs)
    const qmp = await this.#control.connect(patienceMs, abort)
    const wanted = { device: consoleDevice, size: consoleBufferBytes, format: 'base64' } as const
    const text = await qmp.execute('ringbuf-read', wanted, { abort })
    await this.#console.append(Buffer.from(String(text), 'base64'))
    const log = logIn(this.#around.folder)
    if ((await stat(log)).size > longestLogBytes) await truncate(log, 0) // QEMU appends: it goes on from there.
  }

  /** What a guest has let go of late is news, too. */
  #notice(event: string): void {
    if (event === 'SHUTDOWN') this.#noticeOff()
    if (event === 'DEVICE_DELETED') this.#around.changed(this.id)
  }

  #noticeOff(): void {
    if (this.#record.rebooting !== undefined) return
    this.#settle(AbortSignal.timeout(2 * patienceMs))
      .catch((error: unknown) => this.#complain(error))
      .finally(() => this.#around.changed(this.id))
  }

  #noticeEnd(): void {
    if (this.#release.signal.aborted) return
    this.#gone(5000)
      .catch((error: unknown) => this.#complain(error))
      .finally(() => this.#around.changed(this.id))
  }

  #lives(): boolean {
    return this.#record.process !== undefined && isAlive(this.#record.process)
  }

  async #gone(timeoutMs: number): Promise<boolean> {
    const process: ProcessIdentity | undefined = this.#record.process
    return process === undefined || (await hasEnded(process, { clock: this.#around.clock, timeoutMs }))
  }

  #complain(error: unknown): void {
    this.#around.log.warn({ error: messageOf(error) }, 'QEMU does not answer')
  }
}
