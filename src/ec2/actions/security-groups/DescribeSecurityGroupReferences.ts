import { findGroup } from '../../../control/security-groups/groups.ts'
import { referencesTo } from '../../../control/security-groups/stale.ts'
import type { GroupId } from '../../../model/ids.ts'
import { action } from '../../action.ts'

/**
 * From which peered VPCs rules name the caller's groups.
 * Refuses: InvalidGroup.NotFound, InvalidGroupId.Malformed.
 * Source: EC2 API Reference, DescribeSecurityGroupReferences.
 */
export const DescribeSecurityGroupReferences = action('DescribeSecurityGroupReferences', {
  async run({ GroupId }, { tx, caller }) {
    const ids: GroupId[] = []
    for (const id of GroupId) ids.push((await findGroup(tx, caller.account, id)).id)
    const references = await referencesTo(tx, ids)
    return {
      SecurityGroupReferenceSet: references.map((it) => ({
        GroupId: it.group,
        ReferencingVpcId: it.vpc,
        VpcPeeringConnectionId: it.peering,
      })),
    }
  },
})
