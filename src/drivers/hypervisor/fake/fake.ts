import type { Clock } from '../../../base/clock.ts'
import { Fault } from '../../../base/fault.ts'
import type { DomainSpec } from '../../../host-api/spec.ts'
import type { DomainId, InterfaceId, VolumeId } from '../../../model/ids.ts'
import type { TapPoint } from '../../network/driver.ts'
import type { DomainStatus, DomainWiring, HypervisorDriver, PluggedVolume, VolumeWiring } from '../driver.ts'
import { Turns } from '../turns.ts'
import { type FakeDomain, FakeWorld } from './world.ts'

export interface FakeHypervisorOptions {
  readonly clock: Clock
  /** Default: one of its own, which ends with it. */
  readonly world?: FakeWorld
  /** Time from boot to running. Default 0. */
  readonly bootMs?: number
  /** Time from the button to off. Default 0. */
  readonly shutdownMs?: number
}

export function openFakeHypervisor(options: FakeHypervisorOptions): FakeHypervisor {
  return new FakeHypervisor(options)
}

/** Machines that are words: they boot, obey and end as real ones do, and no guest is in them. */
export class FakeHypervisor implements HypervisorDriver {
  readonly can = { accelerator: 'none' } as const
  readonly world: FakeWorld
  readonly #clock: Clock
  readonly #bootMs: number
  readonly #shutdownMs: number
  readonly #turns = new Turns()
  readonly #watches = new DisposableStack()
  readonly #end = new AbortController()

  constructor({ clock, world = new FakeWorld(), bootMs = 0, shutdownMs = 0 }: FakeHypervisorOptions) {
    this.world = world
    this.#clock = clock
    this.#bootMs = bootMs
    this.#shutdownMs = shutdownMs
  }

  async boot(spec: DomainSpec, wiring: DomainWiring, abort: AbortSignal): Promise<void> {
    await this.#turns.take(spec.id, 'boot', abort, async (signal) => {
      const state = this.world.get(spec.id)?.status.state
      if (state === 'running') return
      if (state) throw new Fault(`${spec.id} was started before and is ${state}: it has to be forgotten first`)
      if (this.#bootMs > 0) await this.#clock.sleep(this.#bootMs, signal)
      if (!this.world.boots(spec.id)) throw new Fault(`${spec.id} does not boot`)
      if (wiring.taps.length !== spec.vifs.length || wiring.disks.length !== spec.disks.length) {
        throw new Fault(`${spec.id}: the wiring does not fit the spec`)
      }
      const domain = newDomain(spec, this.#clock.now())
      const plugged = wiring.volumes?.map(({ volume }) => ({ volume, sizeMiB: 0 }))
      this.world.set(plugged ? { ...domain, status: { ...domain.status, plugged } } : domain)
    })
  }

  async pressButton(id: DomainId, abort: AbortSignal): Promise<void> {
    await this.#turns.take(id, 'button', abort, async () => {
      const { status, console } = this.#known(id)
      const buttonPressedAt = status.buttonPressedAt ?? this.#clock.now().toISOString()
      if (status.state !== 'running') return
      this.world.set({ status: { ...status, buttonPressedAt }, console })
      if (this.world.temperOf(id) === 'obedient') this.#shutDown(id)
    })
  }

  async reboot(id: DomainId, count: number, graceMs: number, abort: AbortSignal): Promise<void> {
    await this.#turns.take(id, 'reboot', abort, async (signal) => {
      if (this.#known(id).status.reboots >= count) return
      const goesMs = this.world.temperOf(id) === 'obedient' ? Math.min(this.#shutdownMs, graceMs) : graceMs
      if (this.#known(id).status.state !== 'running') throw new Fault(`${id} does not run`)
      if (goesMs > 0) await this.#clock.sleep(goesMs, signal)
      const { status, console } = this.#known(id)
      if (status.state !== 'running') throw new Fault(`${id} does not run`)
      const { heldReboot: _, ...rest } = status
      this.world.set({ status: { ...rest, reboots: count }, console: console + greeting })
    })
  }

  async holdReboot(id: DomainId, count: number, graceMs: number, abort: AbortSignal): Promise<void> {
    await this.#turns.take(id, 'reboot', abort, async (signal) => {
      const before = this.#running(id).status
      if (before.reboots >= count || before.heldReboot === count) return
      const goesMs = this.world.temperOf(id) === 'obedient' ? Math.min(this.#shutdownMs, graceMs) : graceMs
      if (goesMs > 0) await this.#clock.sleep(goesMs, signal)
      const { status, console } = this.#running(id)
      this.world.set({ status: { ...status, heldReboot: count }, console })
    })
  }

  async plug(id: DomainId, vif: DomainSpec['vifs'][number], _tap: TapPoint, abort: AbortSignal): Promise<void> {
    await this.#turns.take(id, 'plug', abort, async () => {
      const { vifs } = this.#running(id).status
      if (!vifs.includes(vif.id)) this.#replug(id, [...vifs, vif.id].sort())
    })
  }

  /** A deaf guest hears nothing of this either. */
  async unplug(id: DomainId, vif: InterfaceId, abort: AbortSignal): Promise<void> {
    await this.#turns.take(id, 'unplug', abort, async () => {
      const { vifs } = this.#running(id).status
      if (!vifs.includes(vif)) return
      if (this.world.temperOf(id) === 'deaf') throw new Fault(`the guest does not let go of ${vif}`)
      this.#replug(
        id,
        vifs.filter((it) => it !== vif),
      )
    })
  }

  async kill(id: DomainId, abort: AbortSignal): Promise<void> {
    await this.#turns.take(id, 'kill', abort, async () => {
      const domain = this.world.get(id)
      if (domain?.status.state !== 'running') return
      this.world.set({ ...domain, status: { ...domain.status, state: 'off', cause: 'forced', vifs: [] } })
    })
  }

  async forget(id: DomainId, abort: AbortSignal): Promise<void> {
    await this.#turns.take(id, 'forget', abort, async () => this.world.remove(id))
  }

  async plugVolume(id: DomainId, { volume }: VolumeWiring, abort: AbortSignal): Promise<void> {
    await this.#turns.take(id, 'plug', abort, async () => {
      const others = this.#runs(id).filter((it) => it.volume !== volume)
      this.#plugs(id, [...others, { volume, sizeMiB: 0 }])
    })
  }

  async unplugVolume(id: DomainId, volume: VolumeId, abort: AbortSignal): Promise<void> {
    await this.#turns.take(id, 'unplug', abort, async () => {
      const { plugged = [] } = this.#known(id).status
      if (this.world.temperOf(id) === 'deaf') throw new Fault(`the guest does not let ${volume} go`)
      if (plugged.length > 0)
        this.#plugs(
          id,
          plugged.filter((it) => it.volume !== volume),
        )
    })
  }

  async resizeVolume(id: DomainId, volume: VolumeId, sizeMiB: number, abort: AbortSignal): Promise<void> {
    await this.#turns.take(id, 'plug', abort, async () => {
      this.#plugs(
        id,
        this.#runs(id).map((it) => (it.volume === volume ? { volume, sizeMiB } : it)),
      )
    })
  }

  async list(abort: AbortSignal): Promise<DomainStatus[]> {
    abort.throwIfAborted()
    return this.world.all().map((it) => it.status)
  }

  async console(id: DomainId, bytes: number): Promise<Buffer> {
    const text = Buffer.from(this.#known(id).console)
    return text.subarray(Math.max(0, text.length - bytes))
  }

  watch(changed: (id: DomainId) => void): void {
    this.#watches.use(this.world.watch(changed))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#watches.dispose()
    this.#end.abort()
  }

  /** In its own time, as a guest does. */
  #shutDown(id: DomainId): void {
    const off = () => this.world.powerOff(id)
    // The end of the driver leaves a guest that is on its way where it is: it has ignored the button then.
    if (this.#shutdownMs === 0) off()
    else this.#clock.sleep(this.#shutdownMs, this.#end.signal).then(off, () => {})
  }

  #replug(id: DomainId, vifs: readonly InterfaceId[]): void {
    const { status, console } = this.#known(id)
    this.world.set({ status: { ...status, vifs }, console })
  }

  #running(id: DomainId): FakeDomain {
    const domain = this.#known(id)
    if (domain.status.state !== 'running') throw new Fault(`${id} does not run`)
    return domain
  }

  #runs(id: DomainId): readonly PluggedVolume[] {
    const { status } = this.#known(id)
    if (status.state !== 'running') throw new Fault(`${id} does not run`)
    return status.plugged ?? []
  }

  #plugs(id: DomainId, plugged: readonly PluggedVolume[]): void {
    const domain = this.#known(id)
    this.world.set({ ...domain, status: { ...domain.status, plugged } })
  }

  #known(id: DomainId): FakeDomain {
    const domain = this.world.get(id)
    if (!domain) throw new Fault(`no such domain: ${id}`)
    return domain
  }
}

const greeting = 'guest: ready\r\n'

function newDomain({ id, vifs }: DomainSpec, now: Date): FakeDomain {
  const plugged = vifs.map((it) => it.id).sort()
  return {
    status: { id, state: 'running', startedAt: now.toISOString(), reboots: 0, vifs: plugged },
    console: greeting,
  }
}
