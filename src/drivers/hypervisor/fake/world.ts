import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { systemCode } from '../../../base/fault.ts'
import type { DomainId } from '../../../model/ids.ts'
import type { DomainStatus } from '../driver.ts'

export type Temper = 'obedient' | 'deaf'

/** A machine of the fake: what a hypervisor's host would know of it. */
export interface FakeDomain {
  readonly status: DomainStatus
  readonly console: string
}

/**
 * What outlives a fake driver: its machines. Give it to the next driver, or let both keep it in the same file. Tests play
 * guests and misfortune with it.
 */
export class FakeWorld {
  readonly #domains = new Map<DomainId, FakeDomain>()
  readonly #watchers = new Set<(id: DomainId) => void>()
  readonly #tempers = new Map<DomainId, Temper>()
  readonly #refused = new Set<DomainId>()
  readonly #file: string | undefined

  /** `file` keeps the machines as JSON; those that it has already are there. */
  constructor(file?: string) {
    this.#file = file
    for (const it of file === undefined ? [] : readDomains(file)) this.#domains.set(it.status.id, it)
  }

  get(id: DomainId): FakeDomain | undefined {
    return this.#domains.get(id)
  }

  all(): FakeDomain[] {
    return [...this.#domains.values()].sort((a, b) => numberOf(a) - numberOf(b))
  }

  set(domain: FakeDomain): void {
    this.#domains.set(domain.status.id, domain)
    this.#changed(domain.status.id)
  }

  remove(id: DomainId): void {
    if (this.#domains.delete(id)) this.#changed(id)
  }

  watch(changed: (id: DomainId) => void): Disposable {
    this.#watchers.add(changed)
    return { [Symbol.dispose]: () => void this.#watchers.delete(changed) }
  }

  /** The machine's process is gone, and nobody asked for it. */
  crash(id: DomainId): void {
    this.#end(id, { state: 'lost' })
  }

  /** The guest powers itself off. */
  powerOff(id: DomainId): void {
    this.#end(id, { state: 'off', cause: this.get(id)?.status.buttonPressedAt === undefined ? 'guest' : 'button' })
  }

  /** How the guest takes the power button. Obedient unless told otherwise. */
  setTemper(id: DomainId, temper: Temper): void {
    this.#tempers.set(id, temper)
  }

  temperOf(id: DomainId): Temper {
    return this.#tempers.get(id) ?? 'obedient'
  }

  /** Lets the next boots of the domain fail, until `allowBoot`. */
  refuseBoot(id: DomainId): void {
    this.#refused.add(id)
  }

  allowBoot(id: DomainId): void {
    this.#refused.delete(id)
  }

  boots(id: DomainId): boolean {
    return !this.#refused.has(id)
  }

  #end(id: DomainId, end: Pick<DomainStatus, 'state' | 'cause'>): void {
    const domain = this.get(id)
    if (domain?.status.state === 'running') this.set({ ...domain, status: { ...domain.status, ...end, vifs: [] } })
  }

  #changed(id: DomainId): void {
    if (this.#file !== undefined) {
      writeFileSync(`${this.#file}.new`, JSON.stringify(this.all()))
      renameSync(`${this.#file}.new`, this.#file)
    }
    for (const it of this.#watchers) it(id)
  }
}

function numberOf({ status }: FakeDomain): number {
  return Number(status.id.slice('dom_'.length))
}

function readDomains(file: string): FakeDomain[] {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as FakeDomain[]
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return []
    throw error
  }
}
