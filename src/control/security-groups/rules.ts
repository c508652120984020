/** Rules of security groups as rows. */
import type { Random } from '../../base/random.ts'
import { refuse } from '../../model/errors.ts'
import { type AccountId, type GroupId, newId, type ResourceId } from '../../model/ids.ts'
import type { Reader, Transaction } from '../../store/store.ts'
import type { SecurityGroupRuleRow } from '../../store/tables/resources.ts'
import type { PrefixListId } from '../prefix-lists/find.ts'
import { canonical, type Rule } from './rule.ts'

/** A rule that a group has. */
export interface KeptRule extends Rule {
  readonly id: ResourceId<'security-group-rule'>
  readonly groupId: GroupId
}

/** Rules that a group may have in each direction. Source: VPC User Guide, "Amazon VPC quotas", security groups. */
const mostRules = 60

/** The rules of each of these groups, oldest first; groups without rules are absent. */
export async function rulesOf(reader: Reader, groups: readonly GroupId[]): Promise<ReadonlyMap<GroupId, KeptRule[]>> {
  if (groups.length === 0) return new Map()
  const rows = await reader.db
    .selectFrom('securityGroupRules')
    .selectAll()
    .where('groupId', 'in', groups)
    .orderBy('createdAt')
    .orderBy('id')
    .execute()
  return Map.groupBy(rows.map(keptRule), (it) => it.groupId)
}

/** The rules of one group in one direction. */
export async function rulesOfGroup(reader: Reader, group: GroupId, direction: Rule['direction']): Promise<KeptRule[]> {
  const all = (await rulesOf(reader, [group])).get(group) ?? []
  return all.filter((it) => it.direction === direction)
}

/** Every rule of the account's groups, in the order of their ids. */
export async function listRules(reader: Reader, account: AccountId): Promise<KeptRule[]> {
  const rows = await reader.db
    .selectFrom('securityGroupRules')
    .innerJoin('securityGroups', 'securityGroups.id', 'securityGroupRules.groupId')
    .selectAll('securityGroupRules')
    .where('securityGroups.accountId', '=', account)
    .orderBy('securityGroupRules.id')
    .execute()
  return rows.map(keptRule)
}

/** Gives the group rules that it does not have. Refuses more than a group may have. */
export async function addRules(
  tx: Transaction,
  groupId: GroupId,
  rules: readonly Rule[],
  { now, random }: { now: Date; random: Random },
): Promise<KeptRule[]> {
  if (rules.length === 0) return []
  const rows = rules.map((rule) => ({
    ...columnsOf(rule),
    id: newId('security-group-rule', random),
    groupId,
    createdAt: now.getTime(),
  }))
  await tx.db.insertInto('securityGroupRules').values(rows).execute()
  await refuseTooMany(tx, groupId)
  return rows.map(keptRule)
}

/** Makes rules say something else; their ids stay. No two of a group may say the same in the end. */
export async function changeRules(tx: Transaction, changes: ReadonlyMap<KeptRule, Rule>): Promise<void> {
  const update = (id: KeptRule['id'], columns: Partial<SecurityGroupRuleRow>) =>
    tx.db.updateTable('securityGroupRules').set(columns).where('id', '=', id).execute()
  for (const { id } of changes.keys()) await update(id, { canonical: id }) // Two may be about to change places.
  for (const [{ id }, rule] of changes) await update(id, columnsOf(rule))
}

export async function removeRules(tx: Transaction, rules: readonly KeptRule[]): Promise<void> {
  const ids = rules.map((it) => it.id)
  if (ids.length === 0) return
  await tx.db.deleteFrom('tags').where('resourceId', 'in', ids).execute()
  await tx.db.deleteFrom('securityGroupRules').where('id', 'in', ids).execute()
}

/**
 * Refuses more rules in a direction than a group may have. One that names a prefix list counts as all the entries that the
 * list has room for. Source: VPC User Guide, "Prefix lists", quotas.
 */
export async function refuseTooMany(tx: Transaction, groupId: GroupId): Promise<void> {
  const all = (await rulesOf(tx, [groupId])).get(groupId) ?? []
  const lists = prefixListsIn(all)
  const sizes = new Map<string, number>()
  if (lists.length > 0) {
    const rows = await tx.db.selectFrom('prefixLists').select(['id', 'maxEntries']).where('id', 'in', lists).execute()
    for (const { id, maxEntries } of rows) sizes.set(id, maxEntries)
  }
  const weight = ({ peer }: Rule) => ('prefixList' in peer ? (sizes.get(peer.prefixList) ?? 1) : 1)
  for (const same of Map.groupBy(all, (it) => it.direction).values()) {
    const total = same.reduce((sum, it) => sum + weight(it), 0)
    if (total > mostRules) refuse('RulesPerSecurityGroupLimitExceeded')
  }
}

/** The prefix lists that these rules name, once each. */
export function prefixListsIn(rules: readonly Rule[]): PrefixListId[] {
  return [...new Set(rules.flatMap(({ peer }) => ('prefixList' in peer ? [peer.prefixList] : [])))]
}

function columnsOf({ direction, protocol, range, peer, description }: Rule) {
  const rule: Rule = { direction, protocol, ...(range && { range }), peer }
  return { canonical: canonical(rule), ruleJson: JSON.stringify(rule), description: description ?? null }
}

function keptRule({ id, groupId, ruleJson, description }: SecurityGroupRuleRow): KeptRule {
  return { ...(JSON.parse(ruleJson) as Rule), ...(description !== null && { description }), id, groupId }
}
