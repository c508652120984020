import { action } from '../../action.ts'
import { describeRules } from '../../permissions.ts'

/**
 * Gives rules of a group other descriptions; a rule named without one loses it.
 * Refuses: InvalidPermission.NotFound, InvalidSecurityGroupRuleId.NotFound, InvalidGroup.NotFound, InvalidParameterValue.
 * Source: EC2 API Reference, UpdateSecurityGroupRuleDescriptionsEgress.
 */
export const UpdateSecurityGroupRuleDescriptionsEgress = action('UpdateSecurityGroupRuleDescriptionsEgress', {
  run: (input, context) => describeRules(context, 'egress', input),
})
