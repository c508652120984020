import { action } from '../../action.ts'
import { revokeRules } from '../../permissions.ts'

/**
 * Takes rules from a group, named by what they say or by their ids; what they let out stops.
 * Refuses: InvalidPermission.NotFound, InvalidSecurityGroupRuleId.NotFound, InvalidGroup.NotFound, InvalidParameterValue.
 * Source: EC2 API Reference, RevokeSecurityGroupEgress.
 */
export const RevokeSecurityGroupEgress = action('RevokeSecurityGroupEgress', {
  run: (input, context) => revokeRules(context, 'egress', input),
})
