/**
 * Domains that went on as a machine which stood by: what they have from it is not what follows from their ids. A file for each, as all drivers
 * of this machine have to know after a restart too: `<folder>/dom_7.json`.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { userOfDomain } from '../model/domain-user.ts'
import type { DomainId, InterfaceId } from '../model/ids.ts'
import type { TapPoint } from './network/driver.ts'

export interface Legacy {
  /** Of its process, and of what that may open. */
  readonly user: number
  /** What its process has open for this vif, until it is fetched from there. Its name is used once. */
  readonly tap: TapPoint
  readonly vif: InterfaceId
}

export class Heirs {
  readonly #folder: string | undefined
  readonly #legacies = new Map<DomainId, Legacy>()

  /** Without a folder they are forgotten with the process. */
  constructor(folder?: string) {
    this.#folder = folder
    if (folder === undefined) return
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    for (const name of readdirSync(folder)) {
      const [, id] = /^(dom_\d+)\.json$/.exec(name) ?? []
      if (id) this.#legacies.set(id as DomainId, JSON.parse(readFileSync(join(folder, name), 'utf8')) as Legacy)
    }
  }

  /** The user (and group) of a domain's process. */
  readonly userOf = (domain: DomainId): number => this.#legacies.get(domain)?.user ?? userOfDomain(domain)

  tapFor(domain: DomainId, vif: InterfaceId): TapPoint | undefined {
    const legacy = this.#legacies.get(domain)
    return legacy?.vif === vif ? legacy.tap : undefined
  }

  get users(): Set<number> {
    return new Set([...this.#legacies.values()].map((it) => it.user))
  }

  /** Before anything is made for the domain. */
  add(domain: DomainId, legacy: Legacy): void {
    if (this.#folder) writeFileSync(this.#fileOf(domain, this.#folder), JSON.stringify(legacy), { mode: 0o600 })
    this.#legacies.set(domain, legacy)
  }

  /** When nothing is left of the domain. */
  remove(domain: DomainId): void {
    if (!this.#legacies.delete(domain)) return
    if (this.#folder) rmSync(this.#fileOf(domain, this.#folder), { force: true })
  }

  #fileOf(domain: DomainId, folder: string): string {
    return join(folder, `${domain}.json`)
  }
}
