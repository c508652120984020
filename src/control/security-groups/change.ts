/** Changes of a group's rules. Hosts are told in the same transaction, so that they enforce what was answered. */
import type { Random } from '../../base/random.ts'
import type { Transaction } from '../../store/store.ts'
import type { SecurityGroupRow } from '../../store/tables/resources.ts'
import { wishRules } from '../hosts/wishes.ts'
import { checkIds, requireAll } from '../lookup.ts'
import { authorize, type PermissionInput, refuseUnknown, revoke, rulesAsked } from './permissions.ts'
import { referencesOf } from './references.ts'
import { canonical, type Rule } from './rule.ts'
import { addRules, changeRules, type KeptRule, removeRules, rulesOfGroup } from './rules.ts'

/** The rules that `input` asks for in a group. */
export async function rulesIn(
  tx: Transaction,
  group: SecurityGroupRow,
  direction: Rule['direction'],
  input: PermissionInput,
): Promise<Rule[]> {
  return rulesAsked(direction, input, await referencesOf(tx, group))
}

/** Adds the rules of `wanted` to the group. Refuses what it has already. */
export async function authorizeIn(
  tx: Transaction,
  group: SecurityGroupRow,
  wanted: readonly Rule[],
  context: { now: Date; random: Random },
): Promise<KeptRule[]> {
  for (const direction of ['ingress', 'egress'] as const) {
    const asked = wanted.filter((it) => it.direction === direction)
    if (asked.length > 0) authorize(await rulesOfGroup(tx, group.id, direction), asked)
  }
  const added = await addRules(tx, group.id, wanted, context)
  await enforce(tx, group)
  return added
}

export interface Revoked {
  readonly revoked: readonly KeptRule[]
  readonly unknown: readonly Rule[]
}

/**
 * Takes the rules of `unwanted` from the group. What it does not have is answered where the VPC is the default one, and
 * refused elsewhere. Source: EC2 API Reference, RevokeSecurityGroupIngress.
 */
export async function revokeIn(
  tx: Transaction,
  group: SecurityGroupRow,
  direction: Rule['direction'],
  unwanted: readonly Rule[],
): Promise<Revoked> {
  const { revoked, unknown } = revoke(await rulesOfGroup(tx, group.id, direction), unwanted)
  const vpc = await tx.db.selectFrom('vpcs').select('isDefault').where('id', '=', group.vpcId).executeTakeFirst()
  if (vpc?.isDefault !== 1) refuseUnknown(unknown)
  await takeAway(tx, group, revoked)
  return { revoked, unknown }
}

/** Takes the rules of these ids from the group. Refuses ids that it has not in this direction. */
export async function revokeById(
  tx: Transaction,
  group: SecurityGroupRow,
  direction: Rule['direction'],
  ids: readonly string[],
): Promise<Revoked> {
  const revoked = await rulesById(tx, group, ids, direction)
  await takeAway(tx, group, revoked)
  return { revoked, unknown: [] }
}

/** The group's rules of these ids; of one direction only, if it is given. */
export async function rulesById(
  tx: Transaction,
  group: SecurityGroupRow,
  ids: readonly string[],
  direction?: Rule['direction'],
): Promise<KeptRule[]> {
  const rules = [...(await rulesOfGroup(tx, group.id, 'ingress')), ...(await rulesOfGroup(tx, group.id, 'egress'))]
  const usable = rules.filter((it) => direction === undefined || it.direction === direction)
  return requireAll('security-group-rule', checkIds('security-group-rule', ids), usable)
}

/** Makes rules of the group say something else. Refuses one that another rule says already. */
export async function replaceIn(
  tx: Transaction,
  group: SecurityGroupRow,
  changes: ReadonlyMap<KeptRule, Rule>,
): Promise<void> {
  const replaced = new Set([...changes.keys()].map((it) => it.id))
  for (const direction of ['ingress', 'egress'] as const) {
    const rest = (await rulesOfGroup(tx, group.id, direction)).filter((it) => !replaced.has(it.id))
    let all: readonly Rule[] = rest
    for (const rule of changes.values()) if (rule.direction === direction) all = authorize(all, [rule])
  }
  await changeRules(tx, changes)
  await enforce(tx, group)
}

/** Gives rules of the group other descriptions, which concern no host. Refuses rules that it does not have. */
export async function describeIn(
  tx: Transaction,
  group: SecurityGroupRow,
  direction: Rule['direction'],
  described: readonly Rule[],
): Promise<void> {
  const { revoked: meant, unknown } = revoke(await rulesOfGroup(tx, group.id, direction), described)
  refuseUnknown(unknown)
  const texts = new Map(described.map((it) => [canonical(it), it.description]))
  await changeRules(tx, new Map(meant.map((it) => [it, withDescription(it, texts.get(canonical(it)))])))
}

export function withDescription({ description: _, ...rule }: Rule, description: string | undefined): Rule {
  return { ...rule, ...(description && { description }) }
}

async function takeAway(tx: Transaction, group: SecurityGroupRow, rules: readonly KeptRule[]): Promise<void> {
  await removeRules(tx, rules)
  if (rules.length > 0) await enforce(tx, group)
}

async function enforce(tx: Transaction, { vpcId }: SecurityGroupRow): Promise<void> {
  await wishRules(tx, vpcId)
}
