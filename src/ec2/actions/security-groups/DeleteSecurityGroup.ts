import { namedGroup } from '../../../control/security-groups/references.ts'
import { removeGroup } from '../../../control/security-groups/remove.ts'
import { action } from '../../action.ts'

/**
 * Deletes a group that nothing uses any more.
 * Refuses: InvalidGroup.NotFound, InvalidGroupId.Malformed, CannotDelete, DependencyViolation, MissingParameter.
 * Source: EC2 API Reference, DeleteSecurityGroup.
 */
export const DeleteSecurityGroup = action('DeleteSecurityGroup', {
  async run(input, { tx, caller }) {
    const group = await namedGroup(tx, caller.account, input)
    await removeGroup(tx, group)
    return { Return: true, GroupId: group.id }
  },
})
