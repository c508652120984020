import type { InstanceId } from '../model/ids.ts'
import type { DomainSpec, HostSpec } from './spec.ts'

/** The instances that a host is to start by `spec`, and was not by the one `before`. */
export function launchedBy(spec: HostSpec, before: HostSpec | undefined): InstanceId[] {
  const known = new Set(before?.domains.filter(isToStart).map((it) => it.id))
  return spec.domains.filter((it) => isToStart(it) && !known.has(it.id)).map((it) => it.instance)
}

/** Whether it is wanted, and has not run yet. */
export function isToStart({ power, begun }: DomainSpec): boolean {
  return power === 'on' && !begun
}
