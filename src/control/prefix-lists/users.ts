/** Who names a prefix list: rules of security groups. */
import type { GroupId, VpcId } from '../../model/ids.ts'
import type { Reader } from '../../store/store.ts'
import type { PrefixListId } from './find.ts'

export interface PrefixListUser {
  readonly id: GroupId
  readonly vpcId: VpcId
  readonly accountId: string
}

/** Groups with rules that name the list, in the order of their ids. */
export function usersOf(reader: Reader, id: PrefixListId): Promise<PrefixListUser[]> {
  return reader.db
    .selectFrom('securityGroups')
    .innerJoin('securityGroupRules', 'securityGroupRules.groupId', 'securityGroups.id')
    .select(['securityGroups.id', 'securityGroups.vpcId', 'securityGroups.accountId'])
    .distinct()
    .where('securityGroupRules.canonical', 'like', `% ${id}`) // The peer is the last word of a rule's canonical text.
    .orderBy('securityGroups.id')
    .execute()
}
