/** Rules of security groups as rows. */
import type { Random } from '../../base/random.ts'
import { type AccountId, type GroupId, newId } from '../../model/ids.ts'
import type { Reader, Transaction } from '../../store/store.ts'
import type { SecurityGroupRuleRow } from '../../store/tables/resources.ts'

export interface Rule {
  readonly direction: 'ingress' | 'egress'
  readonly protocol: number | 'all'
  readonly range?: { readonly from: number; readonly to: number }
  readonly peer: { readonly cidr: string } | { readonly group: GroupId; readonly account: AccountId }
  readonly description?: string
}

export interface KeptRule {
  readonly row: SecurityGroupRuleRow
  readonly rule: Rule
}

/** The rules of each of these groups, in the order of their ids; groups without rules are absent. */
export async function rulesOf(reader: Reader, groups: readonly GroupId[]): Promise<ReadonlyMap<GroupId, KeptRule[]>> {
  if (groups.length === 0) return new Map()
  const rows = await reader.db
    .selectFrom('securityGroupRules')
    .selectAll()
    .where('groupId', 'in', groups)
    .orderBy('id')
    .execute()
  return Map.groupBy(rows.map(kept), ({ row }) => row.groupId)
}

/** Gives the group these rules. Refuses one that it has. */
export async function addRules(
  tx: Transaction,
  groupId: GroupId,
  rules: readonly Rule[],
  { now, random }: { now: Date; random: Random },
): Promise<KeptRule[]> {
  const rows = rules.map(({ description, ...rule }) => ({
    id: newId('security-group-rule', random),
    groupId,
    canonical: canonicalOf(rule),
    ruleJson: JSON.stringify(rule),
    description: description ?? null,
    createdAt: now.getTime(),
  }))
  if (rows.length > 0) await tx.db.insertInto('securityGroupRules').values(rows).execute()
  return rows.map(kept)
}

function canonicalOf({ direction, protocol, range, peer }: Rule): string {
  const service = range ? `${protocol} ${range.from} ${range.to}` : `${protocol}`
  return `${direction} ${service} ${'cidr' in peer ? peer.cidr : peer.group}`
}

export function kept(row: SecurityGroupRuleRow): KeptRule {
  return { row, rule: JSON.parse(row.ruleJson) as Rule }
}
