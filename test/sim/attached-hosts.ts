/** Hosts of a simulation that hear of wishes late, do one thing at a time and tell of it later; all by the planner that real ones have. */
import type { Random } from '../../src/base/random.ts'
import { pluggedInto } from '../../src/control/attachments/plugs.ts'
import { takeNews } from '../../src/control/hosts/intake.ts'
import { VolumeParts } from '../../src/control/hosts/volumes-spec.ts'
import { tell } from '../../src/control/instances/news.ts'
import { type PlugStep, planPlugs, planVolumes, type VolumeStep } from '../../src/host/plan-volumes.ts'
import type { HostFacts } from '../../src/host-api/facts.ts'
import type { PlugSpec, VolumeFact, VolumesSpec } from '../../src/host-api/volumes.ts'
import type { DomainId, HostId, VolumeId } from '../../src/model/ids.ts'
import type { Store } from '../../src/store/store.ts'

/** A guest and what is plugged into it. */
export interface SimulatedGuest {
  readonly id: DomainId
  readonly host: HostId
  state: 'running' | 'off'
  /** Whether it does not answer when it is asked to let a disk go. */
  deaf: boolean
  readonly plugged: Set<VolumeId>
}

interface Heard {
  readonly generation: number
  readonly volumes: VolumesSpec | undefined
  readonly plugs: ReadonlyMap<DomainId, readonly PlugSpec[]>
}

export class SimulatedHosts {
  readonly guests = new Map<DomainId, SimulatedGuest>()
  /** Who may write to what: those that its server lets in. */
  readonly served = new Map<VolumeId, VolumeFact>()
  readonly #heard = new Map<HostId, Heard>()
  /** Facts that were looked at, and are on their way. */
  readonly #told = new Map<HostId, HostFacts[]>()
  readonly #store: Store

  constructor(store: Store) {
    this.#store = store
  }

  /** Guests that can write to the volume at this moment. */
  writers(volume: VolumeId): DomainId[] {
    const domains = this.served.get(volume)?.domains ?? []
    return domains.filter((it) => this.guests.get(it)?.plugged.has(volume))
  }

  async hear(host: HostId): Promise<void> {
    const heard = await this.#store.read(async (reader): Promise<Heard> => {
      const rows = await reader.db.selectFrom('instances').select(['id', 'domainId']).execute()
      const domains = new Map(rows.map((it) => [it.id, it.domainId]))
      const { generation } = await reader.db
        .selectFrom('hosts')
        .select('generation')
        .where('id', '=', host)
        .executeTakeFirstOrThrow()
      const plugged = await pluggedInto(reader, [...domains.keys()])
      const plugs = new Map(rows.map((it) => [it.domainId, plugged.get(it.id)?.plugs ?? []]))
      const parts = new VolumeParts()
      await parts.prepare(reader, [host], (id) => domains.get(id))
      return { generation, volumes: parts.of(host), plugs }
    })
    this.#heard.set(host, heard)
  }

  /** Takes one of the steps that the host would. False if there is none. */
  act(host: HostId, random: Random): boolean {
    const steps = this.#steps(host)
    const step = steps[random.bytes(1)[0]! % Math.max(1, steps.length)]
    if (step) this.#carryOut(step)
    return step !== undefined
  }

  look(host: HostId): void {
    const heard = this.#heard.get(host)
    if (!heard) return
    const guests = [...this.guests.values()].filter((it) => it.host === host)
    const facts: HostFacts = {
      ...{ host, received: heard.generation, settled: heard.generation, troubles: [] },
      domains: guests.map(({ id, state, plugged }) => ({
        ...{ id, reboots: 0, state },
        plugged: [...plugged].map((volume) => ({ volume, sizeMiB })),
      })),
      volumes: { volumes: host === volumeHost ? [...this.served.values()] : [], snapshots: [] },
    }
    this.#told.set(host, [...(this.#told.get(host) ?? []), facts])
  }

  /** The oldest news arrive. */
  async tell(host: HostId): Promise<void> {
    const facts = this.#told.get(host)?.shift()
    if (facts) await takeNews(this.#store, { changed: tell }, [{ said: facts }])
  }

  /** A volume's server dies, and whoever was connected is cut off. */
  crash(volume: VolumeId): void {
    const fact = this.served.get(volume)
    if (fact) this.served.set(volume, { ...fact, domains: [] })
  }

  #steps(host: HostId): (VolumeStep | PlugStep)[] {
    const heard = this.#heard.get(host)
    if (!heard) return []
    const found = { volumes: [...this.served.values()], snapshots: [] }
    const plugs = [...this.guests.values()]
      .filter((it) => it.host === host)
      .flatMap(({ id, state, plugged }) => {
        const status = { id, state, reboots: 0, vifs: [], startedAt: '' }
        const there = [...plugged].map((volume) => ({ volume, sizeMiB }))
        const spec = { id, power: 'on', plugs: heard.plugs.get(id) ?? [] }
        return planPlugs(spec as never, { ...status, plugged: there } as never)
      })
    return [...(host === volumeHost ? planVolumes(heard.volumes, found) : []), ...plugs]
  }

  #carryOut(step: VolumeStep | PlugStep): void {
    switch (step.do) {
      case 'create-volume':
        this.served.set(step.subject, { ...emptyFact, id: step.subject, sizeMiB: step.spec.sizeMiB })
        return
      case 'serve-volume':
        this.served.set(step.subject, { ...this.served.get(step.subject)!, ...step.spec }) // planned of what is there
        return
      case 'plug-volume':
        // QEMU connects before there is a device.
        if (this.served.get(step.spec.volume)?.domains.includes(step.domain))
          this.guests.get(step.domain)?.plugged.add(step.spec.volume)
        return
      case 'unplug-volume':
        if (!this.guests.get(step.domain)?.deaf) this.guests.get(step.domain)?.plugged.delete(step.volume)
        return
      default:
        throw new Error(`nobody asked for ${step.do}`)
    }
  }
}

/** Of every volume. */
const sizeMiB = 4096

export const volumeHost: HostId = 'a1'

const emptyFact = { state: 'ready', domains: [], frozen: [], limits: { operations: 0, bytes: 0 } } as const
