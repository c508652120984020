import { action } from '../../action.ts'
import { authorizeRules } from '../../permissions.ts'

/**
 * Lets more into the members of a group, at once. All rules of the request, or none.
 * Refuses: InvalidPermission.Duplicate, InvalidPermission.Malformed, InvalidGroup.NotFound, InvalidParameterValue, MissingParameter,
 * RulesPerSecurityGroupLimitExceeded.
 * Source: EC2 API Reference, AuthorizeSecurityGroupIngress.
 */
export const AuthorizeSecurityGroupIngress = action('AuthorizeSecurityGroupIngress', {
  creates: ['security-group-rule'],
  run: (input, context) => authorizeRules(context, 'ingress', input),
})
