/** Network ACLs: ordered entries at the boundary of subnets, which look at each packet by itself. */
import { refuse } from '../../model/errors.ts'
import type { AccountId, AclId, ResourceId, SubnetId, VpcId } from '../../model/ids.ts'
import type { Reader } from '../../store/store.ts'
import type { NetworkAclRow } from '../../store/tables/network-acls.ts'
import { checkIds, requireAll } from '../lookup.ts'
import type { AclRule } from './rule.ts'

export interface AclEntry {
  readonly number: number
  readonly egress: boolean
  readonly rule: AclRule
}

/** Which ACL a subnet has. */
export interface AclAssociation {
  readonly id: ResourceId<'network-acl-association'>
  readonly subnetId: SubnetId
  readonly aclId: AclId
}

/** The account's ACLs, or those named, in the order of their ids. */
export async function listAcls(
  reader: Reader,
  account: AccountId,
  ids: readonly string[] = [],
): Promise<NetworkAclRow[]> {
  const rows = await reader.db
    .selectFrom('networkAcls')
    .selectAll()
    .where('accountId', '=', account)
    .orderBy('id')
    .execute()
  return ids.length > 0 ? requireAll('network-acl', checkIds('network-acl', ids), rows) : rows
}

export async function findAcl(reader: Reader, account: AccountId, id: string): Promise<NetworkAclRow> {
  const [row] = await listAcls(reader, account, [id])
  return row! // listAcls refuses what it does not find
}

/** The entries of each of these ACLs in the order in which they decide, egress after ingress; those without any are absent. */
export async function entriesOf(reader: Reader, ids: readonly AclId[]): Promise<ReadonlyMap<AclId, AclEntry[]>> {
  if (ids.length === 0) return new Map()
  const rows = await reader.db
    .selectFrom('networkAclEntries')
    .selectAll()
    .where('aclId', 'in', ids)
    .orderBy('egress')
    .orderBy('number')
    .execute()
  const byAcl = Map.groupBy(rows, (it) => it.aclId)
  const entry = ({ number, egress, ruleJson }: (typeof rows)[number]): AclEntry => ({
    number,
    egress: egress === 1,
    rule: JSON.parse(ruleJson) as AclRule,
  })
  return new Map([...byAcl].map(([id, same]) => [id, same.map(entry)]))
}

/**
 * The associations of all subnets in these VPCs. A subnet that was never given another has its VPC's default ACL, by an
 * association whose id follows from the subnet's.
 */
export async function associationsIn(reader: Reader, vpcs: readonly VpcId[]): Promise<AclAssociation[]> {
  if (vpcs.length === 0) return []
  const defaults = await reader.db
    .selectFrom('networkAcls')
    .select(['id', 'vpcId'])
    .where('vpcId', 'in', vpcs)
    .where('isDefault', '=', 1)
    .execute()
  const byVpc = new Map(defaults.map((it) => [it.vpcId, it.id]))
  const subnets = await reader.db
    .selectFrom('subnets')
    .leftJoin('networkAclAssociations', 'networkAclAssociations.subnetId', 'subnets.id')
    .select(['subnets.id as subnetId', 'subnets.vpcId', 'networkAclAssociations.id', 'networkAclAssociations.aclId'])
    .where('subnets.vpcId', 'in', vpcs)
    .orderBy('subnets.id')
    .execute()
  return subnets.flatMap(({ subnetId, vpcId, id, aclId }) => {
    const acl = aclId ?? byVpc.get(vpcId)
    return acl ? [{ subnetId, aclId: acl, id: id ?? firstAssociation(subnetId) }] : []
  })
}

function firstAssociation(subnet: SubnetId): AclAssociation['id'] {
  return `aclassoc-${subnet.slice('subnet-'.length)}`
}

/** The association of this id in one of the account's VPCs. */
export async function findAssociation(reader: Reader, account: AccountId, id: string): Promise<AclAssociation> {
  const vpcs = [...new Set((await listAcls(reader, account)).map((it) => it.vpcId))]
  const found = (await associationsIn(reader, vpcs)).find((it) => it.id === id)
  return found ?? refuse('InvalidAssociationID.NotFound', { id })
}
