/**
 * The agent of one host: takes specs, plans, carries out, reports. It does not know whether its host is a machine or a
 * namespace. Everything it makes outlives it; a new agent finds what is there and goes on from the last spec.
 */
import type { Clock } from '../base/clock.ts'
import { Fault, messageOf } from '../base/fault.ts'
import type { Log } from '../base/log.ts'
import type { Slots } from '../base/slots.ts'
import type { DomainStatus, HypervisorDriver, Parking } from '../drivers/hypervisor/driver.ts'
import type { NetworkDriver } from '../drivers/network/driver.ts'
import type { StorageDriver } from '../drivers/storage/driver.ts'
import type { VolumeDriver } from '../drivers/volumes/driver.ts'
import { withChange } from '../host-api/change.ts'
import type { VifDrops } from '../host-api/drops.ts'
import type { DomainFact, HostFacts, HostProgress } from '../host-api/facts.ts'
import { launchedBy } from '../host-api/launches.ts'
import type { DomainSpec, EdgeSpec, HostSpec, RouterSpec, SpecChange } from '../host-api/spec.ts'
import type { DomainId, HostId, VpcId } from '../model/ids.ts'
import type { DnsService } from './dns/service.ts'
import { launchesOf } from './launches.ts'
import type { MetadataService } from './metadata/service.ts'
import type { ObjectsService } from './objects/service.ts'
import { type Found, plan, type Step, type Subject } from './plan.ts'
import type { PlugStep, VolumeStep } from './plan-volumes.ts'
import type { SpecFile } from './spec-file.ts'
import { DomainStarter } from './starter.ts'
import { isOfVolumes, VolumeHand } from './volumes.ts'

export interface HostParts {
  readonly host: HostId
  readonly hypervisor: HypervisorDriver
  readonly network: NetworkDriver
  readonly storage: StorageDriver
  /** Absent: every domain boots. */
  readonly parking?: Parking
  /** How many guests of this machine come up at a time; absent: all. */
  readonly comingUp?: Slots
  readonly volumes: VolumeDriver
  readonly metadata: MetadataService
  readonly dns: DnsService
  readonly objects: ObjectsService
  readonly specFile: SpecFile
  readonly clock: Clock
  readonly log: Log
}

interface Trouble {
  readonly message: string
  readonly attempts: number
  readonly retryAtMs: number
}

const firstRetryMs = 250
const longestRetryMs = 30_000
/** Drivers tell what changes; this is only for what they missed. */
const relistMs = 30_000
const keepAgainMs = 1_000
const consoleBytes = 64 * 1024

export class HostAgent {
  readonly host: HostId
  readonly #parts: HostParts
  readonly #abort = new AbortController()
  readonly #busy = new Map<Subject, Promise<void>>()
  readonly #troubles = new Map<Subject, Trouble>()
  readonly #domains = new Map<DomainId, DomainStatus>()
  readonly #routers = new Map<VpcId, RouterSpec | undefined>()
  readonly #pressed = new Map<DomainId, number>()
  readonly #volumes: VolumeHand
  readonly #starter: DomainStarter
  #disks = new Set<DomainId>()
  #edge: EdgeSpec | undefined
  #wanted: HostSpec | undefined
  /** The newest spec that was given, kept or not. */
  #offered: HostSpec | undefined
  #settled = 0
  #report: (said: HostFacts | HostProgress) => void = () => {}
  #reported = { found: '', progress: '' }
  #telling: NodeJS.Immediate | undefined
  #alarm: AbortController | undefined
  #lastLook: Promise<void> = Promise.resolve()
  #nextLook: Promise<void> | undefined

  private constructor(parts: HostParts) {
    this.host = parts.host
    this.#parts = parts
    this.#volumes = new VolumeHand(parts.volumes, parts.hypervisor)
    this.#starter = new DomainStarter(parts, this.#volumes, this.#abort.signal)
  }

  /** Looks at what is on the host, and goes on with the last spec it was given. */
  static async start(parts: HostParts): Promise<HostAgent> {
    const agent = new HostAgent(parts)
    await agent.#look()
    parts.hypervisor.watch(() => void agent.#logged(agent.#lookAtDomains()))
    agent.#volumes.watch(() => void agent.#logged(agent.#lookAtVolumes()))
    void agent.#logged(agent.#relistForever())
    const last = await agent.#readLastSpec()
    if (last) agent.#want(last)
    return agent
  }

  /** Calls `report` with the facts now, and whenever they change; with the progress alone where what it found is the same. */
  onFacts(report: (said: HostFacts | HostProgress) => void): void {
    this.#report = report
    this.#reported = { found: '', progress: '' }
    this.#tell()
  }

  /** Takes a newer spec, once it is kept; an older one than the newest that was given changes nothing. */
  async accept(spec: HostSpec): Promise<void> {
    if (spec.generation < this.#newest) return
    await this.#take(spec, () => this.#parts.specFile.write(spec))
  }

  /** Takes a change of the newest spec that it was given. Throws where it is not one of that. */
  async acceptChange(change: SpecChange): Promise<void> {
    const spec = withChange(this.#offered, change)
    await this.#take(spec, () => this.#parts.specFile.append(change, spec))
  }

  /** The last 64 KiB that the domain wrote to its console. */
  console(domain: DomainId): Promise<Buffer> {
    return this.#parts.hypervisor.console(domain, consoleBytes)
  }

  /** Parks a machine that domains like this one wake from, if there is none. Throws a `Fault` that says why there is none still. */
  async warm(like: DomainSpec): Promise<'made' | 'there'> {
    const { parking } = this.#parts
    if (!parking) throw new Fault('nothing is parked here, and every guest boots: "waking" is false in cloud.json')
    return await parking.warm(like)
  }

  /** What guests of this host sent in vain. */
  drops(): Promise<VifDrops[]> {
    return this.#parts.network.drops(this.#abort.signal)
  }

  facts(): HostFacts {
    return {
      host: this.host,
      settled: this.#settled,
      received: this.#wanted?.generation ?? 0,
      domains: [...this.#domainFacts()],
      ...(this.#wanted?.volumes && { volumes: this.#volumes.found }),
      troubles: [...this.#troubles].map(([subject, { message, attempts }]) => ({ subject, message, attempts })),
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort(new Error('the agent stops'))
    clearImmediate(this.#telling)
    this.#alarm?.abort()
    await Promise.allSettled(this.#busy.values())
  }

  async #take(spec: HostSpec, write: () => Promise<void>): Promise<void> {
    const { clock, log } = this.#parts
    this.#offered = spec
    const since = clock.now().getTime()
    if (!(await this.#keep(spec, write))) return
    const traces = () => launchedBy(spec, this.#wanted)
    log.debug({ stage: 'keep-spec', traces, since, generation: spec.generation }, 'a spec is kept')
    this.#want(spec)
  }

  /** Nobody sends it a second time, so it is tried until it is written. False where a newer one came meanwhile. */
  async #keep(spec: HostSpec, write: () => Promise<void>): Promise<boolean> {
    const { clock, log } = this.#parts
    while (spec.generation >= this.#newest) {
      try {
        await write()
        return true
      } catch (error) {
        log.error({ err: error, generation: spec.generation }, 'a spec could not be kept; it is tried again')
        await clock.sleep(keepAgainMs, this.#abort.signal)
      }
    }
    return false
  }

  /** What a machine that lost its power left torn is no reason not to start: the control plane has it whole. */
  async #readLastSpec(): Promise<HostSpec | undefined> {
    try {
      return await this.#parts.specFile.read()
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error
      this.#parts.log.error({ err: error }, 'the spec that was kept cannot be read; waiting for the next')
      return undefined
    }
  }

  get #newest(): number {
    return this.#offered?.generation ?? 0
  }

  #want(spec: HostSpec): void {
    if (spec.generation >= this.#newest) this.#offered = spec
    this.#wanted = spec
    this.#parts.metadata.know(spec.routers)
    this.#parts.dns.know(spec)
    this.#parts.objects.know(spec.routers)
    void this.#logged(this.#forgetHeirs(spec))
    this.#advance()
  }

  /** Domains that were wanted no more before they had disks, whose removal is the last that is done for the others. */
  async #forgetHeirs({ domains }: HostSpec): Promise<void> {
    const wanted = new Set(domains.map((it) => it.id))
    const gone = this.#starter.decided.filter((it) => !wanted.has(it) && !this.#disks.has(it) && !this.#busy.has(it))
    await Promise.all(gone.map((it) => this.#starter.release(it)))
  }

  /** Plans, starts every step whose subject is free, and arranges to be woken for the rest. */
  #advance(): void {
    if (!this.#wanted || this.#abort.signal.aborted) return
    const now = this.#parts.clock.now().getTime()
    const { steps, wakeAt } = plan(this.#wanted, this.#found(), now)
    const waiting = steps.filter((step) => (this.#troubles.get(step.subject)?.retryAtMs ?? 0) > now)
    for (const step of steps) if (!waiting.includes(step) && !this.#busy.has(step.subject)) this.#start(step)
    const retries = waiting.map((step) => this.#troubles.get(step.subject)?.retryAtMs ?? now)
    this.#wakeAt([...retries, ...(wakeAt === undefined ? [] : [wakeAt])])
    if (steps.length === 0 && wakeAt === undefined && this.#busy.size === 0) {
      this.#settled = this.#wanted.generation
      this.#troubles.clear()
    }
    this.#telling ??= setImmediate(() => this.#tell())
  }

  #start(step: Step): void {
    const begun = Promise.resolve() // Not before it is known to be busy.
    const work = begun
      .then(() => this.#attempt(step))
      .finally(() => {
        this.#busy.delete(step.subject)
        this.#advance()
      })
    this.#busy.set(step.subject, work)
  }

  async #attempt(step: Step): Promise<void> {
    const { clock, log } = this.#parts
    const since = clock.now().getTime()
    const traces = () => launchesOf(step, since, { wanted: this.#wanted, domains: this.#domains })
    const stage = { stage: step.do, traces, since, subject: step.subject }
    try {
      await this.#carryOut(step, this.#abort.signal)
      this.#troubles.delete(step.subject)
      log.debug({ ...stage, ms: clock.now().getTime() - since }, 'a step is done')
    } catch (error) {
      if (this.#abort.signal.aborted) return
      const attempts = this.#recordTrouble(step, error)
      log.warn({ err: error, ...stage, attempts }, 'a step failed')
      await this.#look().catch((cause: unknown) => this.#parts.log.error({ err: cause }, 'cannot look at the host'))
    }
  }

  /** How often the step has failed by now. */
  #recordTrouble(step: Step, error: unknown): number {
    const attempts = (this.#troubles.get(step.subject)?.attempts ?? 0) + 1
    const delay = Math.min(longestRetryMs, firstRetryMs * 2 ** (attempts - 1))
    const retryAtMs = this.#parts.clock.now().getTime() + delay
    this.#troubles.set(step.subject, { message: messageOf(error), attempts, retryAtMs })
    return attempts
  }

  async #carryOut(step: Step, abort: AbortSignal): Promise<void> {
    const { hypervisor, network, storage } = this.#parts
    if (isOfVolumes(step)) return this.#carryOutOfVolumes(step, abort)
    switch (step.do) {
      case 'program-router':
        return this.#makeRouter(step.spec, abort)
      case 'remove-router':
        this.#withdraw(step.subject)
        await network.remove(step.subject, abort)
        this.#routers.delete(step.subject)
        return
      case 'program-edge':
        await network.programEdge(step.spec, abort)
        this.#edge = step.spec
        return
      case 'provide-disks':
        await this.#starter.provide(step.spec, abort)
        this.#disks.add(step.subject)
        return
      case 'boot':
        await this.#starter.start(step, () => this.#wanted, abort)
        return this.#lookAtDomains()
      case 'plug':
        await hypervisor.plug(step.subject, step.vif, network.tapOf(step.vpc, step.vif.id), abort)
        return this.#lookAtDomains()
      case 'unplug':
        await hypervisor.unplug(step.subject, step.vif, abort)
        return this.#lookAtDomains()
      case 'press-button':
        await hypervisor.pressButton(step.subject, abort)
        this.#pressed.set(step.subject, this.#parts.clock.now().getTime())
        return this.#lookAtDomains()
      case 'reboot':
        await hypervisor.reboot(step.subject, step.count, step.graceMs, abort)
        return this.#lookAtDomains()
      case 'hold-reboot':
        await hypervisor.holdReboot(step.subject, step.count, step.graceMs, abort)
        return this.#lookAtDomains()
      case 'kill':
        await hypervisor.kill(step.subject, abort)
        return this.#lookAtDomains()
      case 'forget':
        await hypervisor.forget(step.subject, abort)
        this.#pressed.delete(step.subject)
        return this.#lookAtDomains()
      case 'release-disks':
        await storage.release(step.subject, abort)
        await this.#starter.release(step.subject)
        this.#disks.delete(step.subject)
    }
  }

  async #carryOutOfVolumes(step: VolumeStep | PlugStep, abort: AbortSignal): Promise<void> {
    await this.#volumes.carryOut(step, abort)
    if ('domain' in step) return this.#lookAtDomains()
    await this.#volumes.look(abort)
  }

  /**
   * Guests may boot as soon as there is something to plug them in: what they ask for is there before they ask. A router without its
   * services is not as it shall be: it is programmed again.
   */
  async #makeRouter(router: RouterSpec, abort: AbortSignal): Promise<void> {
    const { network, metadata, dns, objects } = this.#parts
    try {
      await this.#inherit(router)
      await network.program(router, abort, () => {
        this.#routers.set(router.vpc, router)
        this.#advance()
      })
      await Promise.all([metadata.serve(router.vpc, abort), dns.serve(router, abort)])
      await objects.serve(router, abort) // Last: guests that boot need the others first.
    } catch (error) {
      this.#routers.set(router.vpc, undefined)
      throw error
    }
  }

  /** The taps of domains that are new may be there already, elsewhere: before the router makes others. */
  async #inherit({ vpc, vifs }: RouterSpec): Promise<void> {
    const before = new Set(this.#routers.get(vpc)?.vifs.map((it) => it.id))
    const here = new Set(vifs.filter((it) => !before.has(it.id)).map((it) => it.domain))
    const isNew = ({ id, power, begun }: DomainSpec) =>
      here.has(id) && power === 'on' && !begun && !this.#domains.has(id) && !this.#disks.has(id)
    await Promise.all((this.#wanted?.domains ?? []).filter(isNew).map((it) => this.#starter.inherit(it)))
  }

  #withdraw(vpc: VpcId): void {
    this.#parts.metadata.withdraw(vpc)
    this.#parts.dns.withdraw(vpc)
    this.#parts.objects.withdraw(vpc)
  }

  async #look(): Promise<void> {
    const { network, storage } = this.#parts
    const abort = this.#abort.signal
    const before = [...this.#routers]
    const [routers, disks] = await Promise.all([
      network.list(abort),
      storage.list(abort),
      this.#lookAtDomains(),
      this.#volumes.look(abort),
    ])
    const present = new Set(routers.map((it) => it.vpc))
    for (const { vpc } of routers) if (!this.#routers.has(vpc)) this.#routers.set(vpc, undefined)
    for (const [vpc, spec] of before) if (!present.has(vpc) && this.#routers.get(vpc) === spec) this.#missRouter(vpc)
    this.#disks = new Set([...disks, ...[...this.#disks].filter((id) => this.#busy.has(id))])
  }

  /** The services listened inside it, and have to again in the next. */
  #missRouter(vpc: VpcId): void {
    if (this.#busy.has(vpc)) return
    this.#routers.delete(vpc)
    this.#withdraw(vpc)
  }

  /** One look at a time: an older answer must not replace a newer one. Who asks during a look gets the next. */
  #lookAtDomains(): Promise<void> {
    this.#nextLook ??= this.#lastLook.then(async () => {
      this.#nextLook = undefined
      const domains = await this.#parts.hypervisor.list(this.#abort.signal)
      this.#domains.clear()
      for (const status of domains) this.#domains.set(status.id, status)
      this.#advance()
    })
    this.#lastLook = this.#nextLook.catch(() => {}) // Whoever asked is told; the queue goes on.
    return this.#nextLook
  }

  async #lookAtVolumes(): Promise<void> {
    await this.#volumes.look(this.#abort.signal)
    this.#advance()
  }

  async #relistForever(): Promise<void> {
    for (;;) {
      await this.#parts.clock.sleep(relistMs, this.#abort.signal)
      await this.#logged(this.#look())
      this.#advance()
    }
  }

  #found(): Found {
    return {
      domains: this.#domains,
      disks: this.#disks,
      routers: this.#routers,
      edge: this.#edge,
      pressed: this.#pressed,
      volumes: this.#volumes.found,
    }
  }

  *#domainFacts(): Iterable<DomainFact> {
    for (const { id, state, cause, startedAt, reboots, heldReboot, vifs, plugged } of this.#domains.values()) {
      yield {
        id,
        state,
        startedAt,
        reboots,
        ...(cause && { cause }),
        ...(heldReboot !== undefined && { heldReboot }),
        ...(vifs.length > 0 && { vifs }),
        ...(plugged && { plugged }),
      }
    }
    for (const id of this.#disks)
      if (!this.#domains.has(id) && this.#mayStart(id))
        yield { id, state: this.#starter.isWaiting(id) ? 'waiting' : 'starting', reboots: 0 }
  }

  #mayStart(id: DomainId): boolean {
    return this.#busy.has(id) || this.#wanted?.domains.find((it) => it.id === id)?.power === 'on'
  }

  /** What a host of hundreds of guests has to say is long: it is said once for whatever comes together, and after what is urgent. */
  #tell(): void {
    clearImmediate(this.#telling)
    this.#telling = undefined
    const facts = this.facts()
    const { domains, volumes, ...progress } = facts
    const before = this.#reported
    this.#reported = { found: JSON.stringify([domains, volumes]), progress: JSON.stringify(progress) }
    if (this.#reported.found !== before.found) this.#report(facts)
    else if (this.#reported.progress !== before.progress) this.#report(progress)
  }

  #wakeAt(times: readonly number[]): void {
    this.#alarm?.abort()
    if (times.length === 0) return
    const alarm = new AbortController()
    this.#alarm = alarm
    const delay = Math.max(0, Math.min(...times) - this.#parts.clock.now().getTime())
    this.#parts.clock.sleep(delay, alarm.signal).then(
      () => this.#advance(),
      () => {}, // Replaced by a newer alarm.
    )
  }

  async #logged(look: Promise<void>): Promise<void> {
    await look.catch((error: unknown) => {
      if (!this.#abort.signal.aborted) this.#parts.log.error({ err: error }, 'cannot look at the host')
    })
  }
}
