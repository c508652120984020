/** Security groups as hosts enforce them. */

import { remembered } from '../../base/remembered.ts'
import type { GroupSpec, RuleSpec } from '../../host-api/spec.ts'
import type { GroupId } from '../../model/ids.ts'
import type { Reader } from '../../store/store.ts'
import type { Guests } from '../hosts/guests.ts'
import type { Scene } from '../hosts/scene.ts'
import { networksOf } from '../prefix-lists/find.ts'
import { ruleSpecsOf } from './rule.ts'
import { prefixListsIn, rulesOf } from './rules.ts'

/**
 * These groups with their rules and the addresses of their members; then the groups that the rules refer to, of which a
 * host needs the members alone. In the order of their ids.
 */
export async function groupSpecs(
  reader: Reader,
  scene: Pick<Scene, 'guests' | 'rules'>,
  groupIds: readonly GroupId[],
): Promise<GroupSpec[]> {
  const { guests, rules } = scene
  await readRules(
    reader,
    groupIds.filter((it) => !rules.has(it)),
    rules,
  )
  const own = new Set(groupIds)
  const referred = groupIds
    .flatMap((it) => rules.get(it) ?? [])
    .flatMap(({ peer }) => ('group' in peer ? [peer.group] : []))
  const ids = [...new Set([...groupIds, ...referred])].sort()
  return ids.map((id) => ({ id, rules: (own.has(id) && rules.get(id)) || noRules, members: membersOf(guests, id) }))
}

const noRules: readonly RuleSpec[] = []

async function readRules(reader: Reader, ids: readonly GroupId[], into: Scene['rules']): Promise<void> {
  if (ids.length === 0) return
  const read = await rulesOf(reader, ids)
  const networks = await networksOf(reader, prefixListsIn([...read.values()].flat()))
  for (const id of ids) {
    const specs: RuleSpec[] = (read.get(id) ?? []).flatMap((it) => ruleSpecsOf(it, networks))
    into.set(id, specs)
  }
}

/** Private addresses, and those of IPv6, of the interfaces in the group whose instance its host shall have: as the rest of the spec. */
function membersOf(guests: Guests, group: GroupId): readonly string[] {
  const all = guests.at(group)
  return remembered(all, group, [], () =>
    all.flatMap(({ interfaces, groupsOf, addressesOf, addresses6 }) =>
      interfaces
        .filter((nic) => groupsOf.get(nic.id)?.some((it) => it.id === group))
        .flatMap((nic) => [...addressesOf(nic.id).map((it) => it.address), ...(addresses6.get(nic.id) ?? [])]),
    ),
  )
}
