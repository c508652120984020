import { Fault } from '../base/fault.ts'
import type { GroupsChange, HostSpec, RouterSpec } from '../host-api/spec.ts'

/** The spec that the change makes of `spec`: what it does not speak of is the same objects. Throws where it does not follow. */
export function applyChange(spec: HostSpec | undefined, change: GroupsChange): HostSpec {
  if (spec?.generation !== change.since)
    throw new Fault(`a change of generation ${change.since} came where there is ${spec?.generation ?? 'none'}`)
  const routers = new Map(change.routers.map((it) => [it.vpc, it]))
  return {
    ...spec,
    generation: change.generation,
    routers: spec.routers.map((it) => withGroups(it, routers.get(it.vpc))),
  }
}

function withGroups(router: RouterSpec, change: GroupsChange['routers'][number] | undefined): RouterSpec {
  if (!change) return router
  const known = new Map([...router.groups, ...change.changed].map((it) => [it.id, it]))
  return { ...router, groups: change.groups.flatMap((id) => known.get(id) ?? []) }
}
