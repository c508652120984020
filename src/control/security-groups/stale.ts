/** Rules that name groups of other VPCs: who names a group, and which of them mean nothing any more. */
import type { AccountId, GroupId, VpcId } from '../../model/ids.ts'
import type { Reader } from '../../store/store.ts'
import type { SecurityGroupRow } from '../../store/tables/resources.ts'
import { groupsOfVpc } from './groups.ts'
import { activePeerings } from './references.ts'
import type { PeeringId } from './rule.ts'
import { type KeptRule, rulesOf } from './rules.ts'

export interface Reference {
  readonly group: GroupId
  readonly vpc: VpcId
  readonly peering: PeeringId
}

/** From which peers rules name these groups, once for each group and VPC. */
export async function referencesTo(reader: Reader, groups: readonly GroupId[]): Promise<Reference[]> {
  const found = new Map<string, Reference>()
  for (const group of groups) {
    const rows = await reader.db
      .selectFrom('securityGroupRules')
      .innerJoin('securityGroups', 'securityGroups.id', 'securityGroupRules.groupId')
      .select(['securityGroups.id', 'securityGroups.vpcId'])
      .where('canonical', 'like', `% ${group}`) // The peer is the last word of a rule's canonical text.
      .execute()
    for (const rules of (await rulesOf(reader, [...new Set(rows.map((it) => it.id))])).values()) {
      for (const { groupId, peer } of rules) {
        const vpc = rows.find((it) => it.id === groupId)?.vpcId
        if (vpc && 'group' in peer && peer.group === group && peer.over)
          found.set(`${group} ${vpc}`, { group, vpc, peering: peer.over.peering })
      }
    }
  }
  return [...found.values()]
}

export interface StaleGroup extends SecurityGroupRow {
  readonly stale: readonly KeptRule[]
}

/** The VPC's groups with rules whose group is gone, or whose peering is. */
export async function staleGroups(reader: Reader, account: AccountId, vpc: VpcId): Promise<StaleGroup[]> {
  const groups = await groupsOfVpc(reader, account, vpc)
  const rules = await rulesOf(
    reader,
    groups.map((it) => it.id),
  )
  const peerings = new Set((await activePeerings(reader, vpc)).values())
  const named = [...rules.values()].flat().flatMap(({ peer }) => ('group' in peer && peer.over ? [peer.group] : []))
  const there =
    named.length === 0
      ? []
      : await reader.db.selectFrom('securityGroups').select('id').where('id', 'in', named).execute()
  const alive = new Set(there.map((it) => it.id))
  const isStale = ({ peer }: KeptRule) =>
    'group' in peer && peer.over !== undefined && !(alive.has(peer.group) && peerings.has(peer.over.peering))
  return groups
    .map((it) => ({ ...it, stale: (rules.get(it.id) ?? []).filter(isStale) }))
    .filter((it) => it.stale.length > 0)
}
