/** Starts domains: each from the beginning, or as a copy of one that was parked; and not all at once. */
import { Fault } from '../base/fault.ts'
import { systemRandom } from '../base/random.ts'
import type { Continued, Copied, DomainWiring, ParkedMachine, Parking, Standby } from '../drivers/hypervisor/driver.ts'
import type { DomainSpec, HostSpec } from '../host-api/spec.ts'
import type { DomainId } from '../model/ids.ts'
import type { HostParts } from './agent.ts'
import { identityOf } from './identity.ts'
import type { Step } from './plan.ts'
import type { VolumeHand } from './volumes.ts'

/** A guest that has not asked for its metadata by then is no longer waited for. */
const comingUpMs = 10_000

type Boot = Extract<Step, { do: 'boot' }>

/** How a domain was started; `heard` resolves once its guest asks for its metadata. */
interface Began {
  readonly how: 'woken' | 'booted'
  readonly heard: Promise<void>
}

export class DomainStarter {
  readonly #parts: HostParts
  readonly #volumes: VolumeHand
  readonly #end: AbortSignal
  readonly #waiting = new Set<DomainId>()
  /** What domains may go on as, and nobody else may any more; or that there was nothing. */
  readonly #standbys = new Map<DomainId, Promise<Standby | undefined>>()

  constructor(parts: HostParts, volumes: VolumeHand, end: AbortSignal) {
    this.#parts = parts
    this.#volumes = volumes
    this.#end = end
  }

  /** Makes the domain's disks. */
  async provide(spec: DomainSpec, abort: AbortSignal): Promise<void> {
    const { storage } = this.#parts
    const standby = await this.#decided(spec.id)
    const has = standby && (await this.#orDrop(spec, standby, () => storage.adopt(spec.id, standby.disks, abort)))
    await storage.provide(spec.id, spec.disks, abort, has ? undefined : (await this.#parkedFor(spec))?.root)
  }

  /** Takes what the domain may go on as, if nothing was made for it yet: neither its disks nor its tap. */
  async inherit(spec: DomainSpec): Promise<void> {
    if (!this.#standbys.has(spec.id)) this.#standbys.set(spec.id, this.#standbyFor(spec))
    await this.#standbys.get(spec.id)
  }

  /** What was taken for the domain: from now on that, or nothing. */
  #decided(id: DomainId): Promise<Standby | undefined> {
    const taken = this.#standbys.get(id) ?? Promise.resolve(undefined)
    this.#standbys.set(id, taken)
    return taken
  }

  /** Nothing is left of the domain: nor of what it might have gone on as. */
  async release(id: DomainId): Promise<void> {
    const { parking } = this.#parts
    const standby = await this.#standbys.get(id)
    if (standby) await parking?.drop(standby)
    this.#standbys.delete(id)
    parking?.forget(id)
  }

  /** Domains of which it is decided what they go on as. */
  get decided(): DomainId[] {
    return [...this.#standbys.keys()]
  }

  /** Whether the domain's turn has not come. */
  isWaiting(id: DomainId): boolean {
    return this.#waiting.has(id)
  }

  /**
   * Starts the domain when it is its turn, if it is still wanted then. Guests that come up share the processors with each other, and the
   * more of them there are, the more of what each gets goes into its timer's ticks: twenty at once took five times as long as twenty
   * one after another.
   */
  async start(step: Boot, wanted: () => HostSpec | undefined, abort: AbortSignal): Promise<void> {
    const leave = await this.#turnOf(step.spec.id, abort)
    let began: Began | undefined
    try {
      const spec = wanted()
      if (!spec?.domains.some((it) => it.id === step.spec.id && it.power === 'on')) return
      const heard = this.#heardFrom(step.spec) // From before it runs: a copy asks within a tenth of a second.
      began = { how: await this.#start(step, spec, abort), heard }
    } finally {
      if (began) void this.#followUp(step.spec, began, leave)
      else leave?.()
    }
  }

  async #turnOf(id: DomainId, abort: AbortSignal): Promise<(() => void) | undefined> {
    this.#waiting.add(id)
    try {
      return await this.#parts.comingUp?.take(abort)
    } finally {
      this.#waiting.delete(id)
    }
  }

  /**
   * Once the guest is up the next may come. Then a machine like it is parked, and another stands by for the next launch: guests are waited
   * for, those are not.
   */
  async #followUp(spec: DomainSpec, { how, heard }: Began, leave: (() => void) | undefined): Promise<void> {
    const { parking, comingUp, clock } = this.#parts
    if (leave || parking) await Promise.race([heard, clock.sleep(comingUpMs, this.#end).catch(() => {})]) // At the end nobody waits.
    leave?.()
    if (how === 'woken') await comingUp?.idle
    if (!this.#end.aborted) parking?.prepare(spec)
  }

  /** Resolves once the guest asks for its metadata, as all but the strangest do. Never for one without a NIC. */
  async #heardFrom({ id, instance, vifs: [first] }: DomainSpec): Promise<void> {
    const { clock, metadata, log } = this.#parts
    const since = clock.now().getTime()
    await (first ? metadata.heardFrom(first.id) : new Promise(() => {}))
    log.debug({ stage: 'metadata', traces: [instance], since, subject: id }, 'a guest asks for its metadata')
  }

  async #start({ spec, vpcs }: Boot, wanted: HostSpec, abort: AbortSignal): Promise<'woken' | 'booted'> {
    const { storage, hypervisor, network } = this.#parts
    const standby = await this.#standbys.get(spec.id)
    const parked = standby ? undefined : await this.#parkedFor(spec)
    const [disks, kernel, ramdisk] = await Promise.all([
      storage.provide(spec.id, spec.disks, abort, parked?.root),
      spec.boot.kernel && storage.imageFile(spec.boot.kernelImage ?? spec.boot.image, spec.boot.kernel),
      spec.boot.ramdisk && storage.imageFile(spec.boot.ramdiskImage ?? spec.boot.image, spec.boot.ramdisk),
    ])
    const started = { ...(kernel && { kernel }), ...(ramdisk && { ramdisk }) }
    const taps = spec.vifs.map((vif, index) => network.tapOf(vpcs[index]!, vif.id)) // plan() has one for each vif.
    const wiring = { ...started, disks, taps, volumes: this.#volumes.wiringOf(spec) }
    const identity = identityOf(spec, wanted.routers, { random: systemRandom, now: this.#parts.clock.now() })
    if (standby && (await this.#goesOn(spec, wiring, standby, identity, abort))) return 'woken'
    const isItsCopy = parked && disks.some((it) => it.untouched === parked.key)
    if (isItsCopy && identity !== undefined && (await this.#wakes(spec, wiring, { machine: parked, identity }, abort)))
      return 'woken'
    await hypervisor.boot(spec, wiring, abort)
    return 'booted'
  }

  /** False where it does not go on. Its disks and its tap are the domain's all the same. */
  async #goesOn(
    spec: DomainSpec,
    wiring: DomainWiring,
    standby: Standby,
    identity: string | undefined,
    abort: AbortSignal,
  ): Promise<boolean> {
    return await this.#orDrop(spec, standby, async () => {
      if (identity === undefined) throw new Fault('there is no room to tell it who it is')
      const from: Continued = { standby, identity }
      await this.#parts.hypervisor.boot(spec, wiring, abort, from)
      this.#standbys.set(spec.id, Promise.resolve(undefined))
    })
  }

  /** Where it cannot be done the machine ends, and the domain starts as it would have without. */
  #orDrop(spec: DomainSpec, standby: Standby, work: () => Promise<void>): Promise<boolean> {
    return this.#tries(spec, 'a domain cannot go on as the machine that stood by', work, async () => {
      this.#standbys.set(spec.id, Promise.resolve(undefined))
      await this.#parts.parking?.drop(standby)
    })
  }

  /** False where it does not wake, and then never will. Its disk serves for a boot as well: it is that of a machine whose power went. */
  #wakes(spec: DomainSpec, wiring: DomainWiring, from: Copied, abort: AbortSignal): Promise<boolean> {
    const { hypervisor, parking } = this.#parts
    const { key } = from.machine
    const boot = () => hypervisor.boot(spec, wiring, abort, from)
    return this.#tries(spec, `a domain cannot be woken from ${key}: it boots`, boot, async () => parking?.discard(key))
  }

  /** Whether `work` could be done; where not, it is told, and `giveUp` is done. */
  async #tries(
    spec: DomainSpec,
    told: string,
    work: () => Promise<void>,
    giveUp: () => Promise<void>,
  ): Promise<boolean> {
    const { clock, log } = this.#parts
    const stage = { stage: 'wake', traces: [spec.instance], since: clock.now().getTime() }
    try {
      await work()
      return true
    } catch (error) {
      this.#end.throwIfAborted()
      log.warn({ ...stage, err: error, domain: spec.id }, told)
      await giveUp()
      return false
    }
  }

  #standbyFor(spec: DomainSpec): Promise<Standby | undefined> {
    return this.#orNothing(spec, 'a machine that stands by', (parking) => parking.take(spec))
  }

  #parkedFor(spec: DomainSpec): Promise<ParkedMachine | undefined> {
    return this.#orNothing(spec, 'a parked machine', (parking) => parking.find(spec))
  }

  /** What a domain could come from is worth no failure: it can boot. */
  async #orNothing<T>(
    spec: DomainSpec,
    what: string,
    look: (parking: Parking) => Promise<T | undefined>,
  ): Promise<T | undefined> {
    const { parking, log } = this.#parts
    try {
      return parking && (await look(parking))
    } catch (error) {
      log.warn({ err: error, domain: spec.id }, `cannot look for ${what}`)
      return undefined
    }
  }
}
