/** Security groups and their rules as answers have them. Source: EC2 API Reference, "SecurityGroup", "SecurityGroupRule". */
import type { SecurityGroup, SecurityGroupRule } from '@aws-sdk/client-ec2'
import { permissionsOf, securityGroupRuleOf } from '../../control/security-groups/rule.ts'
import type { KeptRule } from '../../control/security-groups/rules.ts'
import { type Tags, tagList } from '../../control/tags/tags.ts'
import { ec2Arn } from '../../model/arns.ts'
import type { Cloud } from '../../model/cloud.ts'
import type { SecurityGroupRow } from '../../store/tables/resources.ts'

export interface FullGroup extends SecurityGroupRow {
  readonly rules: readonly KeptRule[]
  readonly tags: Tags
}

export function renderGroup(cloud: Cloud, group: FullGroup): SecurityGroup {
  const { id, accountId, rules } = group
  return {
    GroupId: id,
    GroupName: group.name,
    Description: group.description,
    OwnerId: accountId,
    VpcId: group.vpcId,
    SecurityGroupArn: ec2Arn(cloud, accountId, 'security-group', id),
    IpPermissions: permissionsOf(rules.filter((it) => it.direction === 'ingress')),
    IpPermissionsEgress: permissionsOf(rules.filter((it) => it.direction === 'egress')),
    Tags: tagList(group.tags),
  }
}

/** One rule; `account` owns its group. */
export function renderRule(cloud: Cloud, account: string, rule: KeptRule, tags: Tags): SecurityGroupRule {
  return {
    SecurityGroupRuleId: rule.id,
    GroupId: rule.groupId,
    GroupOwnerId: account,
    ...securityGroupRuleOf(rule),
    SecurityGroupRuleArn: ec2Arn(cloud, account, 'security-group-rule', rule.id),
    Tags: tagList(tags),
  }
}
