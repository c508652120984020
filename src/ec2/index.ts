/** Every action of EC2 that is served: a new one is one file, one import and one line here. */
import { DescribeAccountAttributes } from './actions/account/DescribeAccountAttributes.ts'
import { AllocateAddress } from './actions/addresses/AllocateAddress.ts'
import { AssociateAddress } from './actions/addresses/AssociateAddress.ts'
import { DescribeAddresses } from './actions/addresses/DescribeAddresses.ts'
import { DescribeAddressesAttribute } from './actions/addresses/DescribeAddressesAttribute.ts'
import { DisassociateAddress } from './actions/addresses/DisassociateAddress.ts'
import { ModifyAddressAttribute } from './actions/addresses/ModifyAddressAttribute.ts'
import { ReleaseAddress } from './actions/addresses/ReleaseAddress.ts'
import { ResetAddressAttribute } from './actions/addresses/ResetAddressAttribute.ts'
import { DescribeImages } from './actions/images/DescribeImages.ts'
import { DescribeInstanceTypeOfferings } from './actions/instance-types/DescribeInstanceTypeOfferings.ts'
import { DescribeInstanceTypes } from './actions/instance-types/DescribeInstanceTypes.ts'
import { DescribeIamInstanceProfileAssociations } from './actions/instances/DescribeIamInstanceProfileAssociations.ts'
import { DescribeInstanceAttribute } from './actions/instances/DescribeInstanceAttribute.ts'
import { DescribeInstanceCreditSpecifications } from './actions/instances/DescribeInstanceCreditSpecifications.ts'
import { DescribeInstanceStatus } from './actions/instances/DescribeInstanceStatus.ts'
import { DescribeInstances } from './actions/instances/DescribeInstances.ts'
import { GetConsoleOutput } from './actions/instances/GetConsoleOutput.ts'
import { ModifyInstanceAttribute } from './actions/instances/ModifyInstanceAttribute.ts'
import { ModifyInstanceMetadataOptions } from './actions/instances/ModifyInstanceMetadataOptions.ts'
import { MonitorInstances } from './actions/instances/MonitorInstances.ts'
import { RebootInstances } from './actions/instances/RebootInstances.ts'
import { ResetInstanceAttribute } from './actions/instances/ResetInstanceAttribute.ts'
import { RunInstances } from './actions/instances/RunInstances.ts'
import { StartInstances } from './actions/instances/StartInstances.ts'
import { StopInstances } from './actions/instances/StopInstances.ts'
import { TerminateInstances } from './actions/instances/TerminateInstances.ts'
import { UnmonitorInstances } from './actions/instances/UnmonitorInstances.ts'
import { AssignPrivateIpAddresses } from './actions/interfaces/AssignPrivateIpAddresses.ts'
import { AttachNetworkInterface } from './actions/interfaces/AttachNetworkInterface.ts'
import { CreateNetworkInterface } from './actions/interfaces/CreateNetworkInterface.ts'
import { DeleteNetworkInterface } from './actions/interfaces/DeleteNetworkInterface.ts'
import { DescribeNetworkInterfaceAttribute } from './actions/interfaces/DescribeNetworkInterfaceAttribute.ts'
import { DescribeNetworkInterfaces } from './actions/interfaces/DescribeNetworkInterfaces.ts'
import { DetachNetworkInterface } from './actions/interfaces/DetachNetworkInterface.ts'
import { ModifyNetworkInterfaceAttribute } from './actions/interfaces/ModifyNetworkInterfaceAttribute.ts'
import { ResetNetworkInterfaceAttribute } from './actions/interfaces/ResetNetworkInterfaceAttribute.ts'
import { UnassignPrivateIpAddresses } from './actions/interfaces/UnassignPrivateIpAddresses.ts'
import { CreateKeyPair } from './actions/key-pairs/CreateKeyPair.ts'
import { DeleteKeyPair } from './actions/key-pairs/DeleteKeyPair.ts'
import { DescribeKeyPairs } from './actions/key-pairs/DescribeKeyPairs.ts'
import { ImportKeyPair } from './actions/key-pairs/ImportKeyPair.ts'
import { CreateManagedPrefixList } from './actions/prefix-lists/CreateManagedPrefixList.ts'
import { DeleteManagedPrefixList } from './actions/prefix-lists/DeleteManagedPrefixList.ts'
import { DescribeManagedPrefixLists } from './actions/prefix-lists/DescribeManagedPrefixLists.ts'
import { DescribePrefixLists } from './actions/prefix-lists/DescribePrefixLists.ts'
import { GetManagedPrefixListAssociations } from './actions/prefix-lists/GetManagedPrefixListAssociations.ts'
import { GetManagedPrefixListEntries } from './actions/prefix-lists/GetManagedPrefixListEntries.ts'
import { ModifyManagedPrefixList } from './actions/prefix-lists/ModifyManagedPrefixList.ts'
import { RestoreManagedPrefixListVersion } from './actions/prefix-lists/RestoreManagedPrefixListVersion.ts'
import { DescribeAvailabilityZones } from './actions/regions/DescribeAvailabilityZones.ts'
import { DescribeRegions } from './actions/regions/DescribeRegions.ts'
import { AuthorizeSecurityGroupEgress } from './actions/security-groups/AuthorizeSecurityGroupEgress.ts'
import { AuthorizeSecurityGroupIngress } from './actions/security-groups/AuthorizeSecurityGroupIngress.ts'
import { CreateSecurityGroup } from './actions/security-groups/CreateSecurityGroup.ts'
import { DeleteSecurityGroup } from './actions/security-groups/DeleteSecurityGroup.ts'
import { DescribeSecurityGroupRules } from './actions/security-groups/DescribeSecurityGroupRules.ts'
import { DescribeSecurityGroups } from './actions/security-groups/DescribeSecurityGroups.ts'
import { GetSecurityGroupsForVpc } from './actions/security-groups/GetSecurityGroupsForVpc.ts'
import { ModifySecurityGroupRules } from './actions/security-groups/ModifySecurityGroupRules.ts'
import { RevokeSecurityGroupEgress } from './actions/security-groups/RevokeSecurityGroupEgress.ts'
import { RevokeSecurityGroupIngress } from './actions/security-groups/RevokeSecurityGroupIngress.ts'
import { UpdateSecurityGroupRuleDescriptionsEgress } from './actions/security-groups/UpdateSecurityGroupRuleDescriptionsEgress.ts'
import { UpdateSecurityGroupRuleDescriptionsIngress } from './actions/security-groups/UpdateSecurityGroupRuleDescriptionsIngress.ts'
import { CreateTags } from './actions/tags/CreateTags.ts'
import { DeleteTags } from './actions/tags/DeleteTags.ts'
import { DescribeTags } from './actions/tags/DescribeTags.ts'
import { DescribeSnapshots } from './actions/volumes/DescribeSnapshots.ts'
import { DescribeVolumes } from './actions/volumes/DescribeVolumes.ts'
import { DescribeSubnets } from './actions/vpcs/DescribeSubnets.ts'
import { DescribeVpcAttribute } from './actions/vpcs/DescribeVpcAttribute.ts'
import { DescribeVpcs } from './actions/vpcs/DescribeVpcs.ts'

export const ec2Actions = [
  AllocateAddress,
  AssignPrivateIpAddresses,
  AssociateAddress,
  AttachNetworkInterface,
  AuthorizeSecurityGroupEgress,
  AuthorizeSecurityGroupIngress,
  CreateKeyPair,
  CreateManagedPrefixList,
  CreateNetworkInterface,
  CreateSecurityGroup,
  CreateTags,
  DeleteKeyPair,
  DeleteManagedPrefixList,
  DeleteNetworkInterface,
  DeleteSecurityGroup,
  DeleteTags,
  DescribeAccountAttributes,
  DescribeAddresses,
  DescribeAddressesAttribute,
  DescribeAvailabilityZones,
  DescribeIamInstanceProfileAssociations,
  DescribeImages,
  DescribeInstanceAttribute,
  DescribeInstanceCreditSpecifications,
  DescribeInstanceStatus,
  DescribeInstanceTypeOfferings,
  DescribeInstanceTypes,
  DescribeInstances,
  DescribeKeyPairs,
  DescribeManagedPrefixLists,
  DescribeNetworkInterfaceAttribute,
  DescribeNetworkInterfaces,
  DescribePrefixLists,
  DescribeRegions,
  DescribeSecurityGroupRules,
  DescribeSecurityGroups,
  DescribeSnapshots,
  DescribeSubnets,
  DescribeTags,
  DescribeVolumes,
  DescribeVpcAttribute,
  DescribeVpcs,
  DetachNetworkInterface,
  DisassociateAddress,
  GetConsoleOutput,
  GetManagedPrefixListAssociations,
  GetManagedPrefixListEntries,
  GetSecurityGroupsForVpc,
  ImportKeyPair,
  ModifyAddressAttribute,
  ModifyInstanceAttribute,
  ModifyInstanceMetadataOptions,
  ModifyManagedPrefixList,
  ModifyNetworkInterfaceAttribute,
  ModifySecurityGroupRules,
  MonitorInstances,
  RebootInstances,
  ReleaseAddress,
  ResetAddressAttribute,
  ResetInstanceAttribute,
  ResetNetworkInterfaceAttribute,
  RestoreManagedPrefixListVersion,
  RevokeSecurityGroupEgress,
  RevokeSecurityGroupIngress,
  RunInstances,
  StartInstances,
  StopInstances,
  TerminateInstances,
  UnassignPrivateIpAddresses,
  UnmonitorInstances,
  UpdateSecurityGroupRuleDescriptionsEgress,
  UpdateSecurityGroupRuleDescriptionsIngress,
] as const
