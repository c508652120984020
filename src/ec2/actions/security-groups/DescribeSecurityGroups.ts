import { findGroup, findGroups, listGroups } from '../../../control/security-groups/groups.ts'
import { protocolName } from '../../../control/security-groups/protocols.ts'
import type { Rule } from '../../../control/security-groups/rule.ts'
import { rulesOf } from '../../../control/security-groups/rules.ts'
import { withTags } from '../../../control/tags/tags.ts'
import { requireDefaultVpc } from '../../../control/vpcs/find.ts'
import { type FilterTable, tagFilters } from '../../../query/filters.ts'
import type { Input } from '../../../query/types.ts'
import type { SecurityGroupRow } from '../../../store/tables/resources.ts'
import { describe, type View } from '../../action.ts'
import { type FullGroup, renderGroup } from '../../render/security-group.ts'

interface Row extends FullGroup {
  /** Names of the caller's groups by id: filters know the groups of rules by name too. */
  readonly names: ReadonlyMap<string, string>
}

/**
 * The caller's groups with all their rules; by name those of the default VPC.
 * Refuses: InvalidGroup.NotFound, InvalidGroupId.Malformed.
 * Source: EC2 API Reference, DescribeSecurityGroups.
 */
export const DescribeSecurityGroups = describe('DescribeSecurityGroups', {
  async rows(input, view) {
    const all = await listGroups(view.tx, view.caller.account)
    const names = new Map(all.map((it) => [it.id as string, it.name]))
    const rows = await withTags(view.tx, await namedIn(view, all, input))
    const rules = await rulesOf(
      view.tx,
      rows.map((it) => it.id),
    )
    return rows.map((row): Row => ({ ...row, names, rules: rules.get(row.id) ?? [] }))
  },
  key: (row) => row.id,
  filters: {
    ...tagFilters<Row>(),
    description: (row) => row.description,
    'group-id': (row) => row.id,
    'group-name': (row) => row.name,
    'owner-id': (row) => row.accountId,
    'vpc-id': (row) => row.vpcId,
    ...ruleFilters('ip-permission', 'ingress'),
    ...ruleFilters('egress.ip-permission', 'egress'),
  },
  render: (row, { cloud }) => renderGroup(cloud, row),
  assemble: (items) => ({ SecurityGroups: items }),
})

async function namedIn(
  { tx, caller }: View,
  all: readonly SecurityGroupRow[],
  { GroupIds = [], GroupNames = [] }: Input<'DescribeSecurityGroups'>,
): Promise<readonly SecurityGroupRow[]> {
  if (GroupIds.length === 0 && GroupNames.length === 0) return all
  const named: SecurityGroupRow[] = []
  for (const id of new Set(GroupIds)) named.push(await findGroup(tx, caller.account, id))
  if (GroupNames.length > 0) {
    const vpc = await requireDefaultVpc(tx, caller.account)
    named.push(...(await findGroups(tx, caller.account, vpc.id, { ids: [], names: GroupNames })))
  }
  return [...new Map(named.map((it) => [it.id, it])).values()]
}

/** Source: EC2 API Reference, DescribeSecurityGroups, filters that begin with `ip-permission` and `egress.ip-permission`. */
function ruleFilters(prefix: string, direction: Rule['direction']): FilterTable<Row> {
  const each = (read: (rule: Rule, row: Row) => string | number | undefined) => (row: Row) =>
    row.rules.filter((it) => it.direction === direction).map((it) => read(it, row))
  const cidr = (rule: Rule, version: 4 | 6) =>
    'cidr' in rule.peer && rule.peer.cidr.includes(':') === (version === 6) ? rule.peer.cidr : undefined
  return {
    [`${prefix}.cidr`]: each((rule) => cidr(rule, 4)),
    [`${prefix}.ipv6-cidr`]: each((rule) => cidr(rule, 6)),
    [`${prefix}.from-port`]: each((rule) => rule.range?.from),
    [`${prefix}.to-port`]: each((rule) => rule.range?.to),
    [`${prefix}.protocol`]: each((rule) => protocolName(rule.protocol)),
    [`${prefix}.group-id`]: each(({ peer }) => ('group' in peer ? peer.group : undefined)),
    [`${prefix}.group-name`]: each(({ peer }, row) => ('group' in peer ? row.names.get(peer.group) : undefined)),
    [`${prefix}.user-id`]: each(({ peer }) => ('group' in peer ? peer.account : undefined)),
    [`${prefix}.prefix-list-id`]: each(({ peer }) => ('prefixList' in peer ? peer.prefixList : undefined)),
  }
}
