import type { IpPermission, SecurityGroupRuleRequest } from '@aws-sdk/client-ec2'
import { replaceIn, rulesById, rulesIn } from '../../../control/security-groups/change.ts'
import { namedGroup } from '../../../control/security-groups/references.ts'
import type { Rule } from '../../../control/security-groups/rule.ts'
import type { KeptRule } from '../../../control/security-groups/rules.ts'
import { refuse } from '../../../model/errors.ts'
import { action } from '../../action.ts'

/**
 * Makes rules of a group say something else: their ids, tags and directions stay. All of the request, or none.
 * Refuses: InvalidSecurityGroupRuleId.NotFound, InvalidPermission.Duplicate, InvalidGroup.NotFound, InvalidParameterValue,
 * MissingParameter.
 * Source: EC2 API Reference, ModifySecurityGroupRules.
 */
export const ModifySecurityGroupRules = action('ModifySecurityGroupRules', {
  async run({ GroupId, SecurityGroupRules }, { tx, caller }) {
    const group = await namedGroup(tx, caller.account, { GroupId })
    const asked = new Map(SecurityGroupRules.map((it) => [it.SecurityGroupRuleId, it.SecurityGroupRule]))
    if (asked.size < SecurityGroupRules.length)
      refuse('InvalidParameterValue', { message: 'The same security group rule must not appear multiple times' })
    const changes = new Map<KeptRule, Rule>()
    for (const rule of await rulesById(tx, group, [...asked.keys()])) {
      const permission = permissionOf(asked.get(rule.id) ?? {})
      const [wanted] = await rulesIn(tx, group, rule.direction, { IpPermissions: [permission] })
      changes.set(rule, wanted!) // one peer makes one rule
    }
    await replaceIn(tx, group, changes)
    return { Return: true }
  },
})

/** One rule of this kind of request names one peer. */
function permissionOf({ IpProtocol, FromPort, ToPort, Description, ...peer }: SecurityGroupRuleRequest): IpPermission {
  const { CidrIpv4, CidrIpv6, PrefixListId, ReferencedGroupId } = peer
  const named = [CidrIpv4, CidrIpv6, PrefixListId, ReferencedGroupId].filter((it) => it !== undefined)
  if (named.length > 1) {
    refuse('InvalidParameterCombination', {
      message: 'Only one of cidrIpv4, cidrIpv6, prefixListId and referencedGroupId can be specified',
    })
  }
  return {
    IpProtocol,
    FromPort,
    ToPort,
    ...(CidrIpv4 !== undefined && { IpRanges: [{ CidrIp: CidrIpv4, Description }] }),
    ...(CidrIpv6 !== undefined && { Ipv6Ranges: [{ CidrIpv6, Description }] }),
    ...(PrefixListId !== undefined && { PrefixListIds: [{ PrefixListId, Description }] }),
    ...(ReferencedGroupId !== undefined && { UserIdGroupPairs: [{ GroupId: ReferencedGroupId, Description }] }),
  }
}
