import { action } from '../../action.ts'
import { revokeRules } from '../../permissions.ts'

/**
 * Takes rules from a group, named by what they say or by their ids; what they let in stops.
 * Refuses: InvalidPermission.NotFound, InvalidSecurityGroupRuleId.NotFound, InvalidGroup.NotFound, InvalidParameterValue.
 * Source: EC2 API Reference, RevokeSecurityGroupIngress.
 */
export const RevokeSecurityGroupIngress = action('RevokeSecurityGroupIngress', {
  run: (input, context) => revokeRules(context, 'ingress', input),
})
