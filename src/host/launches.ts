import type { DomainStatus } from '../drivers/hypervisor/driver.ts'
import { isToStart } from '../host-api/launches.ts'
import type { DomainSpec, HostSpec } from '../host-api/spec.ts'
import type { DomainId, InstanceId } from '../model/ids.ts'
import type { Step } from './plan.ts'

export interface Here {
  readonly wanted: HostSpec | undefined
  readonly domains: ReadonlyMap<DomainId, DomainStatus>
}

/** The instances whose launch a step is part of that began at `since`. A guest may come up while its router is still being programmed. */
export function launchesOf(step: Step, since: number, { wanted, domains }: Here): InstanceId[] {
  if (step.do === 'provide-disks' || step.do === 'boot') return [step.spec.instance]
  if (step.do !== 'program-router') return []
  const behind = new Set(step.spec.vifs.map((it) => it.domain))
  const comes = (spec: DomainSpec) => {
    const status = domains.get(spec.id)
    return status ? Date.parse(status.startedAt) >= since : isToStart(spec)
  }
  return (wanted?.domains ?? []).filter((it) => behind.has(it.id) && comes(it)).map((it) => it.instance)
}
