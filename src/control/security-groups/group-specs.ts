/** Security groups as hosts enforce them. */

import { remembered } from '../../base/remembered.ts'
import type { GroupSpec, RuleSpec, VifSpec } from '../../host-api/spec.ts'
import type { GroupId } from '../../model/ids.ts'
import type { Reader } from '../../store/store.ts'
import type { Guests } from '../hosts/guests.ts'
import type { Scene } from '../hosts/scene.ts'
import { networksOf } from '../prefix-lists/find.ts'
import { ruleSpecsOf } from './rule.ts'
import { prefixListsIn, rulesOf } from './rules.ts'

/**
 * The groups of these vifs with their rules and the addresses of their members; and the groups that the rules refer to, of which a
 * host needs the members alone. In the order of their ids.
 */
export async function groupSpecs(
  reader: Reader,
  { guests, rules }: Pick<Scene, 'guests' | 'rules'>,
  vifs: readonly Pick<VifSpec, 'groups'>[],
): Promise<GroupSpec[]> {
  const own = remembered(vifs, 'groups', [], () => new Set(vifs.flatMap((it) => it.groups)))
  const lacking = [...own].filter((it) => !rules.has(it))
  if (lacking.length > 0) await readRules(reader, lacking, rules)
  const ofOwn = [...own].map((it) => rules.get(it)!) // read above
  const ids = remembered(vifs, 'groups and those referred to', ofOwn, () => {
    const referred = ofOwn.flat().flatMap(({ peer }) => ('group' in peer ? [peer.group] : []))
    return [...new Set([...own, ...referred])].sort()
  })
  return ids.map((id) => groupSpec(id, (own.has(id) && rules.get(id)) || noRules, membersOf(guests, id)))
}

const noRules: readonly RuleSpec[] = []

/** The same object for all hosts that have the group. */
function groupSpec(id: GroupId, rules: readonly RuleSpec[], members: readonly string[]): GroupSpec {
  return remembered(members, rules === noRules ? 'members' : 'group', [rules], () => ({ id, rules, members }))
}

async function readRules(reader: Reader, ids: readonly GroupId[], into: Scene['rules']): Promise<void> {
  const read = await rulesOf(reader, ids)
  const networks = await networksOf(reader, prefixListsIn([...read.values()].flat()))
  for (const id of ids) {
    const specs: RuleSpec[] = (read.get(id) ?? []).flatMap((it) => ruleSpecsOf(it, networks))
    into.set(id, specs)
  }
}

/** Private addresses, and those of IPv6, of the interfaces in the group whose instance its host shall have: as the rest of the spec. */
function membersOf(guests: Guests, group: GroupId): readonly string[] {
  return guests.each(group, 'members', {
    of: ({ interfaces, groupsOf, addressesOf, addresses6 }) =>
      interfaces
        .filter((nic) => groupsOf.get(nic.id)?.some((it) => it.id === group))
        .flatMap((nic) => [...addressesOf(nic.id).map((it) => it.address), ...(addresses6.get(nic.id) ?? [])]),
  })
}
