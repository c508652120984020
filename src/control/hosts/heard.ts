import type { HostFacts } from '../../host-api/facts.ts'
import type { DomainFactRow, HostRow } from '../../store/tables/resources.ts'

/** Whether the host knows the wish that is in this generation. One that is no more knows nothing to the contrary. */
export function hasHeard(host: HostRow | undefined, wishedIn: number): boolean {
  return !host || host.received >= wishedIn
}

/** Whether nothing of an older wish can be left of what runs on the host: it has heard of this one, or is lost with all that ran. */
export function isOverOn(host: HostRow | undefined, wishedIn: number): boolean {
  return host?.lost === 1 || hasHeard(host, wishedIn)
}

/** How often the host has tried in vain to do what concerns `subject`. */
export function failedAttempts(host: HostRow | undefined, subject: string): number {
  return troubleOf(host, subject)?.attempts ?? 0
}

/** What the host cannot do that concerns `subject`, and has tried so often. */
export function troubleOf(host: Pick<HostRow, 'troublesJson'> | undefined, subject: string): Trouble | undefined {
  return (JSON.parse(host?.troublesJson ?? '[]') as Trouble[]).find((it) => it.subject === subject)
}

type Trouble = HostFacts['troubles'][number]

/** Whether the domain has not begun to run yet, as far as its host has said. */
export function isToCome({ state }: Pick<DomainFactRow, 'state'>): boolean {
  return state === 'waiting' || state === 'starting'
}
