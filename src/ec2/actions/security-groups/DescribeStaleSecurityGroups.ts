import type { StaleIpPermission } from '@aws-sdk/client-ec2'
import { permissionsOf, type Rule } from '../../../control/security-groups/rule.ts'
import { staleGroups } from '../../../control/security-groups/stale.ts'
import { listVpcs } from '../../../control/vpcs/find.ts'
import { describe } from '../../action.ts'

/**
 * Groups of a VPC with rules that name a group of a peer where the group, or the peering, is gone.
 * Refuses: InvalidVpcID.NotFound.
 * Source: EC2 API Reference, DescribeStaleSecurityGroups.
 */
export const DescribeStaleSecurityGroups = describe('DescribeStaleSecurityGroups', {
  async rows({ VpcId }, { tx, caller }) {
    const [vpc] = await listVpcs(tx, caller.account, [VpcId])
    return staleGroups(tx, caller.account, vpc!.id) // listVpcs refuses what it does not find
  },
  key: (row) => row.id,
  filters: {},
  render: ({ id, name, description, vpcId, stale }) => ({
    GroupId: id,
    GroupName: name,
    Description: description,
    VpcId: vpcId,
    StaleIpPermissions: permissions(stale, 'ingress'),
    StaleIpPermissionsEgress: permissions(stale, 'egress'),
  }),
  assemble: (items) => ({ StaleSecurityGroupSet: items }),
})

function permissions(rules: readonly Rule[], direction: Rule['direction']): StaleIpPermission[] {
  return permissionsOf(rules.filter((it) => it.direction === direction)).map(
    ({ IpProtocol, FromPort, ToPort, UserIdGroupPairs }) => ({ IpProtocol, FromPort, ToPort, UserIdGroupPairs }),
  )
}
