/** From one spec to the next: how both sides go by differences. */
import { type Compared, differenceOf, type Json, withDifference } from '../base/difference.ts'
import { Fault } from '../base/fault.ts'
import type { HostSpec, SpecChange } from './spec.ts'

/** How `after` differs from `before`, the spec that the host was told last. Hosts that are told together share what was compared. */
export function changeOf(before: HostSpec, after: HostSpec, compared?: Compared): SpecChange {
  const { host, generation } = after
  const difference = differenceOf(json({ ...before, generation }), json(after), compared) ?? { fields: {} }
  return { host, since: before.generation, generation, difference }
}

/** The spec that the change makes of `spec`: what it does not speak of is the same objects. Throws where it does not follow. */
export function withChange(spec: HostSpec | undefined, { since, generation, difference }: SpecChange): HostSpec {
  if (spec?.generation !== since)
    throw new Fault(`a change of generation ${since} came where there is ${spec?.generation ?? 'none'}`)
  return { ...(withDifference(json(spec), difference) as unknown as HostSpec), generation }
}

/** Specs are JSON: they come over a wire. */
function json(spec: HostSpec): Json {
  return spec as unknown as Json
}
