/** Groups as requests name them: the one that an action is about, and those that its rules refer to. */
import type { UserIdGroupPair } from '@aws-sdk/client-ec2'
import { refuse } from '../../model/errors.ts'
import type { AccountId, VpcId } from '../../model/ids.ts'
import type { Reader } from '../../store/store.ts'
import type { SecurityGroupRow } from '../../store/tables/resources.ts'
import { checkIds, refuseMissing } from '../lookup.ts'
import { listPrefixLists } from '../prefix-lists/find.ts'
import { requireDefaultVpc } from '../vpcs/find.ts'
import { findGroup, findGroups, listGroups } from './groups.ts'
import type { References } from './permissions.ts'
import type { PeeringId } from './rule.ts'

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
 * Tells which group, and which prefix list, a rule of `of` means. Groups may be of its own VPC, or of one with which that has an
 * active peering; those of another account are named by their ids, together with the account or without.
 * Source: VPC Peering Guide, "Update your security groups to reference peer security groups"; for the text of another VPC,
 * errors of EC2 quoted in public.
 */
export async function referencesOf(reader: Reader, of: SecurityGroupRow): Promise<References> {
  const own = await listGroups(reader, of.accountId)
  const lists = await listPrefixLists(reader, of.accountId)
  const peerings = await activePeerings(reader, of.vpcId)
  const others = await groupsIn(reader, [...peerings.keys()])
  const prefixList: References['prefixList'] = (id = '') => {
    const [checked] = checkIds('prefix-list', [id])
    const list = lists.find((it) => it.id === checked) ?? refuseMissing('prefix-list', id)
    return { prefixList: list.id }
  }
  const group: References['group'] = (pair) => {
    const found = [...own, ...others].find((it) => isMeant(pair, it, of))
    if (!found)
      return refuse(
        'InvalidGroup.NotFound',
        pair.GroupId ? { id: pair.GroupId } : { id: pair.GroupName ?? '', vpc: of.vpcId },
      )
    const { id, accountId, vpcId } = found
    if (vpcId === of.vpcId) return { group: id, account: accountId }
    const peering = peerings.get(vpcId) ?? refuse('InvalidGroup.NotFound', { message: otherNetwork })
    return { group: id, account: accountId, over: { vpc: vpcId, peering } }
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

/** The VPCs that this one has an active peering with, each with that. */
export async function activePeerings(reader: Reader, vpc: VpcId): Promise<ReadonlyMap<VpcId, PeeringId>> {
  const rows = await reader.db
    .selectFrom('peerings')
    .select(['id', 'requesterVpcId', 'accepterVpcId'])
    .where('state', '=', 'active')
    .where((eb) => eb.or([eb('requesterVpcId', '=', vpc), eb('accepterVpcId', '=', vpc)]))
    .execute()
  return new Map(rows.map((it) => [it.requesterVpcId === vpc ? it.accepterVpcId : it.requesterVpcId, it.id]))
}

async function groupsIn(reader: Reader, vpcs: readonly VpcId[]): Promise<SecurityGroupRow[]> {
  if (vpcs.length === 0) return []
  return reader.db.selectFrom('securityGroups').selectAll().where('vpcId', 'in', vpcs).orderBy('id').execute()
}
