import { listGroups, makeGroup } from '../../../control/security-groups/groups.ts'
import { tagList, tagsOf } from '../../../control/tags/tags.ts'
import { findDefaultVpc } from '../../../control/vpcs/default-vpc.ts'
import { listVpcs } from '../../../control/vpcs/find.ts'
import { ec2Arn } from '../../../model/arns.ts'
import { refuse } from '../../../model/errors.ts'
import type { VpcRow } from '../../../store/tables/resources.ts'
import { action, type Context } from '../../action.ts'
import { newGroupDescription, newGroupName } from '../../parse/security-group-names.ts'

/**
 * Makes a group in the VPC, or in the default one. Everything may leave it, nothing comes in.
 * Refuses: InvalidGroup.Duplicate, InvalidVpcID.NotFound, VPCIdNotSpecified, MissingParameter, InvalidParameterValue.
 * Source: EC2 API Reference, CreateSecurityGroup.
 */
export const CreateSecurityGroup = action('CreateSecurityGroup', {
  creates: ['security-group'],
  async run({ GroupName, Description, VpcId }, context) {
    const { tx, caller, cloud } = context
    const [name, description] = [newGroupName(GroupName), newGroupDescription(Description)]
    const vpc = await vpcOf(context, VpcId)
    const groups = await listGroups(tx, caller.account)
    if (groups.some((it) => it.vpcId === vpc.id && it.name === name))
      refuse('InvalidGroup.Duplicate', { name, vpc: vpc.id })
    const { id } = await makeGroup(tx, { account: caller.account, vpc: vpc.id, name, description }, context)
    await context.tag('security-group', id)
    const tags = (await tagsOf(tx, [id])).get(id) ?? {}
    return { GroupId: id, Tags: tagList(tags), SecurityGroupArn: ec2Arn(cloud, caller.account, 'security-group', id) }
  },
})

async function vpcOf({ tx, caller }: Context, id: string | undefined): Promise<VpcRow> {
  if (!id) return (await findDefaultVpc(tx, caller.account)) ?? refuse('VPCIdNotSpecified')
  const [vpc] = await listVpcs(tx, caller.account, [id])
  return vpc! // listVpcs refuses what it does not find
}
