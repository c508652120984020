import { action } from '../../action.ts'
import { authorizeRules } from '../../permissions.ts'

/**
 * Lets more out of the members of a group, at once. All rules of the request, or none.
 * Refuses: InvalidPermission.Duplicate, InvalidPermission.Malformed, InvalidGroup.NotFound, InvalidParameterValue, MissingParameter,
 * RulesPerSecurityGroupLimitExceeded.
 * Source: EC2 API Reference, AuthorizeSecurityGroupEgress.
 */
export const AuthorizeSecurityGroupEgress = action('AuthorizeSecurityGroupEgress', {
  creates: ['security-group-rule'],
  run: (input, context) => authorizeRules(context, 'egress', input),
})
