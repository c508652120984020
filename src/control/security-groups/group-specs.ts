/** Security groups as hosts enforce them. */
import type { GroupSpec } from '../../host-api/spec.ts'
import type { GroupId } from '../../model/ids.ts'
import type { Reader } from '../../store/store.ts'
import { addressesOf } from '../addresses/of-interfaces.ts'
import { networksOf } from '../prefix-lists/find.ts'
import { ruleSpecsOf } from './rule.ts'
import { prefixListsIn, rulesOf } from './rules.ts'

/**
 * These groups with their rules and the addresses of their members; then the groups that the rules refer to, of which a
 * host needs the members alone. In the order of their ids. Members that are `known` are not looked for.
 */
export async function groupSpecs(
  reader: Reader,
  groupIds: readonly GroupId[],
  known: ReadonlyMap<GroupId, readonly string[]> = new Map(),
): Promise<GroupSpec[]> {
  const own = await rulesOf(reader, groupIds)
  const networks = await networksOf(reader, prefixListsIn([...own.values()].flat()))
  const rules = new Map(groupIds.map((id) => [id, (own.get(id) ?? []).flatMap((it) => ruleSpecsOf(it, networks))]))
  const referred = [...rules.values()].flat().flatMap(({ peer }) => ('group' in peer ? [peer.group] : []))
  const ids = [...new Set([...groupIds, ...referred])].sort()
  const unknown = ids.filter((it) => !known.has(it))
  const members = await membersOf(reader, unknown)
  return ids.map((id) => ({ id, rules: rules.get(id) ?? [], members: known.get(id) ?? members.get(id) ?? [] }))
}

/** Private addresses of the interfaces in each group whose instance its host shall have: as the rest of the spec. */
async function membersOf(reader: Reader, groups: readonly GroupId[]): Promise<ReadonlyMap<GroupId, string[]>> {
  if (groups.length === 0) return new Map()
  const rows = await reader.db
    .selectFrom('interfaceGroups')
    .innerJoin('interfaces', 'interfaces.id', 'interfaceGroups.interfaceId')
    .innerJoin('instances', 'instances.id', 'interfaces.instanceId')
    .select(['interfaceGroups.groupId', 'interfaces.id', 'interfaces.privateAddress'])
    .where('interfaceGroups.groupId', 'in', groups)
    .where('instances.power', '!=', 'gone')
    .orderBy('interfaces.privateAddress')
    .execute()
  const addresses = await addressesOf(reader, rows)
  const byGroup = Map.groupBy(rows, (row) => row.groupId)
  const membersIn = (same: typeof rows) => same.flatMap((row) => addresses(row.id).map((it) => it.address))
  return new Map([...byGroup].map(([id, same]) => [id, membersIn(same)]))
}
