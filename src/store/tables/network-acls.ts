/** Rows of network ACLs. */
import type { AccountId, ResourceId, SubnetId, VpcId } from '../../model/ids.ts'
import type { Truth } from './resources.ts'

export interface NetworkAclTables {
  networkAcls: NetworkAclRow
  networkAclEntries: NetworkAclEntryRow
  networkAclAssociations: NetworkAclAssociationRow
}

export interface NetworkAclRow {
  id: ResourceId<'network-acl'>
  vpcId: VpcId
  accountId: AccountId
  isDefault: Truth
  createdAt: number
}

export interface NetworkAclEntryRow {
  aclId: ResourceId<'network-acl'>
  egress: Truth
  /** Lower ones decide first. */
  number: number
  ruleJson: string
}

/** Of subnets whose association was ever replaced; all others have their VPC's default ACL. */
export interface NetworkAclAssociationRow {
  subnetId: SubnetId
  id: ResourceId<'network-acl-association'>
  aclId: ResourceId<'network-acl'>
}
