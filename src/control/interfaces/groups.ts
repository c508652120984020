import { refuse } from '../../model/errors.ts'
import type { GroupId } from '../../model/ids.ts'
import type { Transaction } from '../../store/store.ts'
import type { InterfaceRow } from '../../store/tables/resources.ts'
import { wishVpc } from '../hosts/wishes.ts'

/** Source: VPC User Guide, "Amazon VPC quotas": security groups per network interface, unless more is asked for. */
export const mostGroups = 5

/** Refuses more groups than an interface may be in. Source: for the text, errors of EC2 quoted in public. */
export function checkGroupCount(groups: readonly GroupId[]): void {
  if (groups.length > mostGroups) refuse('SecurityGroupsPerInterfaceLimitExceeded')
}

/** Puts the interface into these groups and out of all others. Members of a group are known to every host of the VPC. */
export async function setGroups(
  tx: Transaction,
  { id, vpcId }: InterfaceRow,
  groups: readonly GroupId[],
): Promise<void> {
  checkGroupCount(groups)
  await tx.db.deleteFrom('interfaceGroups').where('interfaceId', '=', id).execute()
  await tx.db
    .insertInto('interfaceGroups')
    .values(groups.map((groupId) => ({ interfaceId: id, groupId })))
    .execute()
  await wishVpc(tx, vpcId)
}
