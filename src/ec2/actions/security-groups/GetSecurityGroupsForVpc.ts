import { listGroups } from '../../../control/security-groups/groups.ts'
import { type Tags, tagList, withTags } from '../../../control/tags/tags.ts'
import { listVpcs } from '../../../control/vpcs/find.ts'
import { tagFilters } from '../../../query/filters.ts'
import type { SecurityGroupRow } from '../../../store/tables/resources.ts'
import { describe } from '../../action.ts'

type Row = SecurityGroupRow & { readonly tags: Tags }

/**
 * The groups that interfaces in the VPC may be put into: those of the VPC itself.
 * Refuses: InvalidVpcID.NotFound.
 * Source: EC2 API Reference, GetSecurityGroupsForVpc.
 */
export const GetSecurityGroupsForVpc = describe('GetSecurityGroupsForVpc', {
  async rows({ VpcId }, { tx, caller }): Promise<Row[]> {
    const [vpc] = await listVpcs(tx, caller.account, [VpcId])
    const groups = await listGroups(tx, caller.account)
    return withTags(
      tx,
      groups.filter((it) => it.vpcId === vpc?.id),
    )
  },
  key: (row) => row.id,
  filters: {
    ...tagFilters<Row>(),
    'group-id': (row) => row.id,
    'group-name': (row) => row.name,
    description: (row) => row.description,
    'owner-id': (row) => row.accountId,
    'primary-vpc-id': (row) => row.vpcId,
  },
  render: ({ id, name, description, accountId, vpcId, tags }) => ({
    GroupId: id,
    GroupName: name,
    Description: description,
    OwnerId: accountId,
    PrimaryVpcId: vpcId,
    Tags: tagList(tags),
  }),
  assemble: (items) => ({ SecurityGroupForVpcs: items }),
})
