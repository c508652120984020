/** The agent's hand on volumes: what was last seen of them, and the steps that concern them. */
import type { HypervisorDriver, VolumeWiring } from '../drivers/hypervisor/driver.ts'
import type { VolumeDriver } from '../drivers/volumes/driver.ts'
import type { DomainSpec } from '../host-api/spec.ts'
import type { PlugSpec, VolumesFact } from '../host-api/volumes.ts'
import type { DomainId } from '../model/ids.ts'
import type { PlugStep, VolumeStep } from './plan-volumes.ts'

export class VolumeHand {
  readonly #driver: VolumeDriver
  readonly #hypervisor: HypervisorDriver
  found: VolumesFact = { volumes: [], snapshots: [] }

  constructor(driver: VolumeDriver, hypervisor: HypervisorDriver) {
    this.#driver = driver
    this.#hypervisor = hypervisor
  }

  async look(abort: AbortSignal): Promise<void> {
    this.found = await this.#driver.list(abort)
  }

  watch(changed: () => void): void {
    this.#driver.watch(changed)
  }

  /** The ways of a domain to the volumes that it has from its start. */
  wiringOf({ id, plugs = [] }: DomainSpec): VolumeWiring[] {
    return plugs.map((it) => this.#wire(id, it))
  }

  async carryOut(step: VolumeStep | PlugStep, abort: AbortSignal): Promise<void> {
    switch (step.do) {
      case 'create-volume':
        return this.#driver.create(step.spec, abort)
      case 'resize-volume':
        return this.#driver.resize(step.subject, step.sizeMiB, abort)
      case 'freeze-volume':
        return this.#driver.freeze(step.subject, step.snapshot, abort)
      case 'serve-volume':
        return this.#driver.serve(step.subject, step.spec, abort)
      case 'remove-volume':
        return this.#driver.remove(step.subject, abort)
      case 'keep-snapshot':
        return this.#driver.keep(step.spec, abort)
      case 'drop-snapshot':
        return this.#driver.drop(step.subject, abort)
      case 'plug-volume':
        return this.#hypervisor.plugVolume(step.domain, this.#wire(step.domain, step.spec), abort)
      case 'unplug-volume':
        return this.#hypervisor.unplugVolume(step.domain, step.volume, abort)
      case 'resize-plugged':
        return this.#hypervisor.resizeVolume(step.domain, step.spec.volume, step.spec.sizeMiB, abort)
    }
  }

  #wire(domain: DomainId, { volume, serial, slot, host }: PlugSpec): VolumeWiring {
    return { volume, serial, slot, ...this.#driver.connection(host, volume, domain) }
  }
}

const ofVolumes: ReadonlySet<string> = new Set<(VolumeStep | PlugStep)['do']>([
  'create-volume',
  'resize-volume',
  'freeze-volume',
  'serve-volume',
  'remove-volume',
  'keep-snapshot',
  'drop-snapshot',
  'plug-volume',
  'unplug-volume',
  'resize-plugged',
])

export function isOfVolumes<S extends { readonly do: string }>(step: S): step is Extract<S, VolumeStep | PlugStep> {
  return ofVolumes.has(step.do)
}
