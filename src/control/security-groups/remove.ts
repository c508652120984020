import { refuse } from '../../model/errors.ts'
import type { Reader, Transaction } from '../../store/store.ts'
import type { SecurityGroupRow } from '../../store/tables/resources.ts'
import { removeTags } from '../tags/tags.ts'
import { defaultGroupName } from './groups.ts'
import { removeRules, rulesOf } from './rules.ts'

/**
 * Deletes the group with its rules. No host has to hear of it: nothing was in it, and nothing referred to it.
 * Refuses the default group, and one that an interface is in or another group's rule refers to.
 */
export async function removeGroup(tx: Transaction, group: SecurityGroupRow): Promise<void> {
  const { id, name } = group
  if (name === defaultGroupName) refuse('CannotDelete', { id, name })
  if ((await hasMembers(tx, group)) || (await isReferredTo(tx, group))) refuse('DependencyViolation', { id })
  await removeRules(tx, (await rulesOf(tx, [id])).get(id) ?? [])
  await removeTags(tx, id, [])
  await tx.db.deleteFrom('securityGroups').where('id', '=', id).execute()
}

async function hasMembers(reader: Reader, { id }: SecurityGroupRow): Promise<boolean> {
  const member = reader.db.selectFrom('interfaceGroups').select('interfaceId').where('groupId', '=', id)
  return (await member.executeTakeFirst()) !== undefined
}

/** By rules of its own VPC: those of peers become stale. Source: VPC Peering Guide, "Work with stale security group rules". */
async function isReferredTo(reader: Reader, { id, vpcId }: SecurityGroupRow): Promise<boolean> {
  const rule = reader.db
    .selectFrom('securityGroupRules')
    .innerJoin('securityGroups', 'securityGroups.id', 'securityGroupRules.groupId')
    .select('securityGroupRules.id')
    .where('groupId', '!=', id)
    .where('securityGroups.vpcId', '=', vpcId)
    .where('canonical', 'like', `% ${id}`) // The peer is the last word of a rule's canonical text.
  return (await rule.executeTakeFirst()) !== undefined
}
