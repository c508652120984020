/** Who names a prefix list: rules of security groups, and routes. */
import type { GroupId, ResourceId, VpcId } from '../../model/ids.ts'
import type { Reader } from '../../store/store.ts'
import type { PrefixListId } from './find.ts'

interface User<Id> {
  readonly id: Id
  readonly vpcId: VpcId
  readonly accountId: string
}

/** Groups with rules that name the list, in the order of their ids. */
export function groupsNaming(reader: Reader, id: PrefixListId): Promise<User<GroupId>[]> {
  return reader.db
    .selectFrom('securityGroups')
    .innerJoin('securityGroupRules', 'securityGroupRules.groupId', 'securityGroups.id')
    .select(['securityGroups.id', 'securityGroups.vpcId', 'securityGroups.accountId'])
    .distinct()
    .where('securityGroupRules.canonical', 'like', `% ${id}`) // The peer is the last word of a rule's canonical text.
    .orderBy('securityGroups.id')
    .execute()
}

/** Tables with a route to the list, in the order of their ids. */
export function tablesNaming(reader: Reader, id: PrefixListId): Promise<User<ResourceId<'route-table'>>[]> {
  return reader.db
    .selectFrom('routeTables')
    .innerJoin('routes', 'routes.routeTableId', 'routeTables.id')
    .select(['routeTables.id', 'routeTables.vpcId', 'routeTables.accountId'])
    .where('routes.destination', '=', id)
    .orderBy('routeTables.id')
    .execute()
}
