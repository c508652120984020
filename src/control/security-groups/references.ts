/** Groups as requests name them: the one that an action is about, and those that its rules refer to. */
import type { UserIdGroupPair } from '@aws-sdk/client-ec2'
import { refuse } from '../../model/errors.ts'
import type { AccountId } from '../../model/ids.ts'
import type { Reader } from '../../store/store.ts'
import type { SecurityGroupRow } from '../../store/tables/resources.ts'
import { checkIds, refuseMissing } from '../lookup.ts'
import { listPrefixLists } from '../prefix-lists/find.ts'
import { requireDefaultVpc } from '../vpcs/find.ts'
import { findGroup, findGroups, listGroups } from './groups.ts'
import type { References } from './permissions.ts'

/** The group that a request is about: by id, or by its name in the default VPC. */
export async function namedGroup(
  reader: Reader,
  account: AccountId,
  { GroupId, GroupName }: { readonly GroupId?: string | undefined; readonly GroupName?: string | undefined },
): Promise<SecurityGroupRow> {
  if (GroupId) return findGroup(reader, account, GroupId)
  if (!GroupName)
    return refuse('MissingParameter', { message: 'The request must contain the parameter groupName or groupId' })
  const vpc = await requireDefaultVpc(reader, account)
  const [group] = await findGroups(reader, account, vpc.id, { ids: [], names: [GroupName] })
  return group! // findGroups refuses what it does not find
}

/**
 * Tells which group, and which prefix list, a rule of `of` means. It may mean those of its own VPC: until VPCs are peered, no address of another
 * one gets through. Source: for the text of another VPC, errors of EC2 quoted in public.
 */
export async function referencesOf(reader: Reader, of: SecurityGroupRow): Promise<References> {
  const groups = await listGroups(reader, of.accountId)
  const lists = await listPrefixLists(reader, of.accountId)
  const prefixList: References['prefixList'] = (id = '') => {
    const [checked] = checkIds('prefix-list', [id])
    const list = lists.find((it) => it.id === checked) ?? refuseMissing('prefix-list', id)
    return { prefixList: list.id }
  }
  const group: References['group'] = (pair) => {
    const found = groups.find((it) => isMeant(pair, it, of))
    if (!found)
      return refuse(
        'InvalidGroup.NotFound',
        pair.GroupId ? { id: pair.GroupId } : { id: pair.GroupName ?? '', vpc: of.vpcId },
      )
    if (found.vpcId !== of.vpcId) refuse('InvalidGroup.NotFound', { message: otherNetwork })
    return { group: found.id, account: found.accountId }
  }
  return { group, prefixList }
}

const otherNetwork = 'You have specified two resources that belong to different networks.'

function isMeant(
  { GroupId, GroupName, UserId }: UserIdGroupPair,
  group: SecurityGroupRow,
  of: SecurityGroupRow,
): boolean {
  if (UserId && UserId !== group.accountId) return false
  return GroupId ? group.id === GroupId : group.name === GroupName && group.vpcId === of.vpcId
}
