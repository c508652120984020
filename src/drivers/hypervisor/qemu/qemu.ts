import { createHash } from 'node:crypto'
import { mkdir, readdir, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Clock } from '../../../base/clock.ts'
import { Fault, messageOf } from '../../../base/fault.ts'
import type { Log } from '../../../base/log.ts'
import type { DomainSpec } from '../../../host-api/spec.ts'
import { numberOfDomain, userOfDomain } from '../../../model/domain-user.ts'
import type { DomainId, InterfaceId, VolumeId } from '../../../model/ids.ts'
import type { TapPoint } from '../../network/driver.ts'
import { groupsFor } from '../../qemu/confine.ts'
import type { Continued, Copied, DomainStatus, DomainWiring, HypervisorDriver, VolumeWiring } from '../driver.ts'
import { Turns } from '../turns.ts'
import type { Accelerator } from './arguments.ts'
import { type BootOptions, bootDomain, clearRemains, type Ground } from './boot.ts'
import { type Limits, openControlGroups, removeGroups } from './cgroup.ts'
import { Domain, type DomainSurroundings } from './domain.ts'
import { goOn } from './parking/standby.ts'
import { wakeDomain } from './parking/wake.ts'
import { readRecord } from './record.ts'

export interface QemuOptions {
  /** Has a folder for each domain. One driver at a time. */
  readonly dataDir: string
  readonly accelerator: Accelerator
  readonly clock: Clock
  readonly log: Log
  /** Whose the processes of domains are, if not the users who follow from their ids. */
  readonly userOf?: (domain: DomainId) => number
}

/** A driver, and what holds its guests back. */
export interface QemuDriver extends HypervisorDriver {
  readonly limits: Limits
}

/** How often the consoles are saved from QEMU's memory: what a process that crashes may take with it. */
const consoleIntervalMs = 10_000
/** Source: unix(7): a socket's path has 108 bytes, of which ours needs the rest. */
const longestDataDir = 70

/** Finds the domains that run, whoever started them, and removes what is left of boots that died. Needs root. */
export async function openQemu(options: QemuOptions): Promise<QemuDriver> {
  const dataDir = resolve(options.dataDir)
  if (Buffer.byteLength(dataDir) > longestDataDir) throw new Fault(`too long for sockets below it: ${dataDir}`)
  await mkdir(dataDir, { recursive: true, mode: 0o700 })
  const driver = new Qemu({ ...(await openGround(options)), dataDir })
  await driver.find()
  return driver
}

/** What processes of guests need of this machine. */
export async function openGround({
  accelerator,
  clock,
  log,
  userOf = userOfDomain,
}: Omit<QemuOptions, 'dataDir'>): Promise<Ground> {
  const devices = ['/dev/net/tun', ...(accelerator === 'kvm' ? ['/dev/kvm'] : [])]
  return {
    accelerator,
    clock,
    log,
    userOf,
    groups: await openControlGroups(),
    deviceGroups: await groupsFor(devices, log),
  }
}

class Qemu implements QemuDriver {
  readonly can: { readonly accelerator: Accelerator }
  readonly limits: Limits
  readonly #ground: Ground & { readonly dataDir: string }
  readonly #domains = new Map<DomainId, Domain>()
  readonly #turns = new Turns()
  readonly #watchers = new Set<(id: DomainId) => void>()
  readonly #end = new AbortController()
  #saving: Promise<void> = Promise.resolve()

  constructor(ground: Ground & { readonly dataDir: string }) {
    this.#ground = ground
    this.can = { accelerator: ground.accelerator }
    this.limits = ground.groups.limits
  }

  async find(): Promise<void> {
    const names = await readdir(this.#ground.dataDir)
    await Promise.all(names.filter(isDomainId).map((it) => this.#findOne(it)))
    this.#saving = this.#saveConsoles()
  }

  async boot(spec: DomainSpec, wiring: DomainWiring, abort: AbortSignal, from?: Copied | Continued): Promise<void> {
    await this.#turns.take(spec.id, 'boot', abort, async (signal) => {
      const there = await this.#domains.get(spec.id)?.status(signal)
      if (there?.state === 'running') return
      if (there) throw new Fault(`${spec.id} was started before and is ${there.state}: it has to be forgotten first`)
      const folder = this.#folderOf(spec.id)
      await clearRemains(folder, readRecord(folder), this.#ground.clock)
      const groupName = `${createHash('sha256').update(this.#ground.dataDir).digest('hex').slice(0, 8)}-${spec.id}`
      const options = { around: this.#around(spec.id), groupName, abort: signal }
      this.#domains.set(spec.id, await this.#start(spec, wiring, options, from))
      this.#changed(spec.id)
    })
  }

  async #start(
    spec: DomainSpec,
    wiring: DomainWiring,
    options: BootOptions,
    from?: Copied | Continued,
  ): Promise<Domain> {
    if (!from) return await bootDomain(this.#ground, spec, wiring, options)
    if ('standby' in from) return await goOn(this.#ground, spec, wiring, from, options)
    return await wakeDomain(this.#ground, spec, wiring, from, options)
  }

  async pressButton(id: DomainId, abort: AbortSignal): Promise<void> {
    await this.#turns.take(id, 'button', abort, (signal) => this.#known(id).pressButton(signal))
  }

  async reboot(id: DomainId, count: number, graceMs: number, abort: AbortSignal): Promise<void> {
    await this.#turns.take(id, 'reboot', abort, (signal) => this.#known(id).reboot(count, graceMs, signal))
  }

  async holdReboot(id: DomainId, count: number, graceMs: number, abort: AbortSignal): Promise<void> {
    await this.#turns.take(id, 'reboot', abort, (signal) => this.#known(id).holdReboot(count, graceMs, signal))
  }

  async plug(id: DomainId, vif: DomainSpec['vifs'][number], tap: TapPoint, abort: AbortSignal): Promise<void> {
    await this.#turns.take(id, 'plug', abort, (signal) => this.#known(id).plug(vif, tap, signal))
  }

  async unplug(id: DomainId, vif: InterfaceId, abort: AbortSignal): Promise<void> {
    await this.#turns.take(id, 'unplug', abort, (signal) => this.#known(id).unplug(vif, signal))
  }

  async kill(id: DomainId, abort: AbortSignal): Promise<void> {
    await this.#turns.take(id, 'kill', abort, async (signal) => this.#domains.get(id)?.kill(signal))
  }

  async forget(id: DomainId, abort: AbortSignal): Promise<void> {
    await this.#turns.take(id, 'forget', abort, async (signal) => {
      const domain = this.#domains.get(id)
      if (!domain) return
      await domain.kill(signal)
      await domain.release()
      await removeGroups(domain.record.groups, this.#ground.clock)
      await rm(this.#folderOf(id), { recursive: true, force: true })
      this.#domains.delete(id)
      this.#changed(id)
    })
  }

  async plugVolume(id: DomainId, volume: VolumeWiring, abort: AbortSignal): Promise<void> {
    await this.#turns.take(id, 'plug', abort, (signal) => this.#known(id).plugVolume(volume, signal))
  }

  async unplugVolume(id: DomainId, volume: VolumeId, abort: AbortSignal): Promise<void> {
    await this.#turns.take(id, 'unplug', abort, (signal) => this.#known(id).unplugVolume(volume, signal))
  }

  async resizeVolume(id: DomainId, volume: VolumeId, sizeMiB: number, abort: AbortSignal): Promise<void> {
    await this.#turns.take(id, 'plug', abort, (signal) => this.#known(id).resizeVolume(volume, sizeMiB, signal))
  }

  async list(abort: AbortSignal): Promise<DomainStatus[]> {
    const found = await Promise.all([...this.#domains.values()].map((it) => it.status(abort)))
    return found.sort((a, b) => numberOfDomain(a.id) - numberOfDomain(b.id))
  }

  async console(id: DomainId, bytes: number): Promise<Buffer> {
    return await this.#known(id).console(bytes)
  }

  watch(changed: (id: DomainId) => void): void {
    this.#watchers.add(changed)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end.abort()
    this.#watchers.clear()
    await this.#saving
    await Promise.all([...this.#domains.values()].map((it) => it.release()))
  }

  async #findOne(id: DomainId): Promise<void> {
    const folder = this.#folderOf(id)
    const record = readRecord(folder)
    if (record?.phase !== 'started') return await clearRemains(folder, record, this.#ground.clock)
    const domain = new Domain(this.#around(id), record)
    this.#domains.set(id, domain)
    try {
      await domain.adopt(this.#end.signal)
    } catch (error) {
      this.#ground.log.warn({ domain: id, error: messageOf(error) }, 'a domain that was found does not answer')
    }
  }

  async #saveConsoles(): Promise<void> {
    const { signal } = this.#end
    while (!signal.aborted) {
      await this.#ground.clock.sleep(consoleIntervalMs, signal).catch(() => {}) // Aborted: the loop ends.
      await Promise.all([...this.#domains.values()].map((it) => it.takeConsole()))
    }
  }

  #around(id: DomainId): DomainSurroundings {
    const { clock, log } = this.#ground
    const changed = (it: DomainId) => this.#changed(it)
    return { folder: this.#folderOf(id), clock, log: log.child({ domain: id }), changed }
  }

  #changed(id: DomainId): void {
    for (const it of this.#watchers) it(id)
  }

  #known(id: DomainId): Domain {
    const domain = this.#domains.get(id)
    if (!domain) throw new Fault(`no such domain: ${id}`)
    return domain
  }

  #folderOf(id: DomainId): string {
    return join(this.#ground.dataDir, id)
  }
}

function isDomainId(name: string): name is DomainId {
  return /^dom_\d+$/.test(name)
}
