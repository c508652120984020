import { checkIds, requireAll } from '../../../control/lookup.ts'
import { type KeptRule, listRules } from '../../../control/security-groups/rules.ts'
import { type Tags, withTags } from '../../../control/tags/tags.ts'
import { tagFilters } from '../../../query/filters.ts'
import { describe } from '../../action.ts'
import { renderRule } from '../../render/security-group.ts'

type Row = KeptRule & { readonly tags: Tags }

/**
 * The rules of the caller's groups, one by one.
 * Refuses: InvalidSecurityGroupRuleId.Malformed, InvalidSecurityGroupRuleId.NotFound.
 * Source: EC2 API Reference, DescribeSecurityGroupRules.
 */
export const DescribeSecurityGroupRules = describe('DescribeSecurityGroupRules', {
  async rows({ SecurityGroupRuleIds = [] }, { tx, caller }): Promise<Row[]> {
    const all = await listRules(tx, caller.account)
    const ids = checkIds('security-group-rule', SecurityGroupRuleIds)
    return withTags(tx, ids.length > 0 ? requireAll('security-group-rule', ids, all) : all)
  },
  key: (row) => row.id,
  filters: { ...tagFilters<Row>(), 'group-id': (row) => row.groupId, 'security-group-rule-id': (row) => row.id },
  render: (row, { cloud, caller }) => renderRule(cloud, caller.account, row, row.tags),
  assemble: (items) => ({ SecurityGroupRules: items }),
})
