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
import { AssociateDhcpOptions } from './actions/dhcp-options/AssociateDhcpOptions.ts'
import { CreateDhcpOptions } from './actions/dhcp-options/CreateDhcpOptions.ts'
import { DeleteDhcpOptions } from './actions/dhcp-options/DeleteDhcpOptions.ts'
import { DescribeDhcpOptions } from './actions/dhcp-options/DescribeDhcpOptions.ts'
import { CancelExportTask } from './actions/disk-tasks/CancelExportTask.ts'
import { CancelImportTask } from './actions/disk-tasks/CancelImportTask.ts'
import { DescribeExportImageTasks } from './actions/disk-tasks/DescribeExportImageTasks.ts'
import { DescribeImportImageTasks } from './actions/disk-tasks/DescribeImportImageTasks.ts'
import { DescribeImportSnapshotTasks } from './actions/disk-tasks/DescribeImportSnapshotTasks.ts'
import { ExportImage } from './actions/disk-tasks/ExportImage.ts'
import { ImportImage } from './actions/disk-tasks/ImportImage.ts'
import { ImportSnapshot } from './actions/disk-tasks/ImportSnapshot.ts'
import { CreateEgressOnlyInternetGateway } from './actions/egress-only-gateways/CreateEgressOnlyInternetGateway.ts'
import { DeleteEgressOnlyInternetGateway } from './actions/egress-only-gateways/DeleteEgressOnlyInternetGateway.ts'
import { DescribeEgressOnlyInternetGateways } from './actions/egress-only-gateways/DescribeEgressOnlyInternetGateways.ts'
import { DisableEbsEncryptionByDefault } from './actions/encryption/DisableEbsEncryptionByDefault.ts'
import { EnableEbsEncryptionByDefault } from './actions/encryption/EnableEbsEncryptionByDefault.ts'
import { GetEbsDefaultKmsKeyId } from './actions/encryption/GetEbsDefaultKmsKeyId.ts'
import { GetEbsEncryptionByDefault } from './actions/encryption/GetEbsEncryptionByDefault.ts'
import { CopyImage } from './actions/images/CopyImage.ts'
import { CreateImage } from './actions/images/CreateImage.ts'
import { DeregisterImage } from './actions/images/DeregisterImage.ts'
import { DescribeImageAttribute } from './actions/images/DescribeImageAttribute.ts'
import { DescribeImages } from './actions/images/DescribeImages.ts'
import { DisableImage } from './actions/images/DisableImage.ts'
import { DisableImageDeprecation } from './actions/images/DisableImageDeprecation.ts'
import { DisableImageDeregistrationProtection } from './actions/images/DisableImageDeregistrationProtection.ts'
import { EnableImage } from './actions/images/EnableImage.ts'
import { EnableImageDeprecation } from './actions/images/EnableImageDeprecation.ts'
import { EnableImageDeregistrationProtection } from './actions/images/EnableImageDeregistrationProtection.ts'
import { ModifyImageAttribute } from './actions/images/ModifyImageAttribute.ts'
import { RegisterImage } from './actions/images/RegisterImage.ts'
import { ResetImageAttribute } from './actions/images/ResetImageAttribute.ts'
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
import { ModifyPrivateDnsNameOptions } from './actions/instances/ModifyPrivateDnsNameOptions.ts'
import { MonitorInstances } from './actions/instances/MonitorInstances.ts'
import { RebootInstances } from './actions/instances/RebootInstances.ts'
import { ResetInstanceAttribute } from './actions/instances/ResetInstanceAttribute.ts'
import { RunInstances } from './actions/instances/RunInstances.ts'
import { StartInstances } from './actions/instances/StartInstances.ts'
import { StopInstances } from './actions/instances/StopInstances.ts'
import { TerminateInstances } from './actions/instances/TerminateInstances.ts'
import { UnmonitorInstances } from './actions/instances/UnmonitorInstances.ts'
import { AssignIpv6Addresses } from './actions/interfaces/AssignIpv6Addresses.ts'
import { AssignPrivateIpAddresses } from './actions/interfaces/AssignPrivateIpAddresses.ts'
import { AttachNetworkInterface } from './actions/interfaces/AttachNetworkInterface.ts'
import { CreateNetworkInterface } from './actions/interfaces/CreateNetworkInterface.ts'
import { DeleteNetworkInterface } from './actions/interfaces/DeleteNetworkInterface.ts'
import { DescribeNetworkInterfaceAttribute } from './actions/interfaces/DescribeNetworkInterfaceAttribute.ts'
import { DescribeNetworkInterfaces } from './actions/interfaces/DescribeNetworkInterfaces.ts'
import { DetachNetworkInterface } from './actions/interfaces/DetachNetworkInterface.ts'
import { ModifyNetworkInterfaceAttribute } from './actions/interfaces/ModifyNetworkInterfaceAttribute.ts'
import { ResetNetworkInterfaceAttribute } from './actions/interfaces/ResetNetworkInterfaceAttribute.ts'
import { UnassignIpv6Addresses } from './actions/interfaces/UnassignIpv6Addresses.ts'
import { UnassignPrivateIpAddresses } from './actions/interfaces/UnassignPrivateIpAddresses.ts'
import { AttachInternetGateway } from './actions/internet-gateways/AttachInternetGateway.ts'
import { CreateInternetGateway } from './actions/internet-gateways/CreateInternetGateway.ts'
import { DeleteInternetGateway } from './actions/internet-gateways/DeleteInternetGateway.ts'
import { DescribeInternetGateways } from './actions/internet-gateways/DescribeInternetGateways.ts'
import { DetachInternetGateway } from './actions/internet-gateways/DetachInternetGateway.ts'
import { CreateKeyPair } from './actions/key-pairs/CreateKeyPair.ts'
import { DeleteKeyPair } from './actions/key-pairs/DeleteKeyPair.ts'
import { DescribeKeyPairs } from './actions/key-pairs/DescribeKeyPairs.ts'
import { ImportKeyPair } from './actions/key-pairs/ImportKeyPair.ts'
import { CreateNatGateway } from './actions/nat-gateways/CreateNatGateway.ts'
import { DeleteNatGateway } from './actions/nat-gateways/DeleteNatGateway.ts'
import { DescribeNatGateways } from './actions/nat-gateways/DescribeNatGateways.ts'
import { CreateNetworkAcl } from './actions/network-acls/CreateNetworkAcl.ts'
import { CreateNetworkAclEntry } from './actions/network-acls/CreateNetworkAclEntry.ts'
import { DeleteNetworkAcl } from './actions/network-acls/DeleteNetworkAcl.ts'
import { DeleteNetworkAclEntry } from './actions/network-acls/DeleteNetworkAclEntry.ts'
import { DescribeNetworkAcls } from './actions/network-acls/DescribeNetworkAcls.ts'
import { ReplaceNetworkAclAssociation } from './actions/network-acls/ReplaceNetworkAclAssociation.ts'
import { ReplaceNetworkAclEntry } from './actions/network-acls/ReplaceNetworkAclEntry.ts'
import { AcceptVpcPeeringConnection } from './actions/peerings/AcceptVpcPeeringConnection.ts'
import { CreateVpcPeeringConnection } from './actions/peerings/CreateVpcPeeringConnection.ts'
import { DeleteVpcPeeringConnection } from './actions/peerings/DeleteVpcPeeringConnection.ts'
import { DescribeVpcPeeringConnections } from './actions/peerings/DescribeVpcPeeringConnections.ts'
import { ModifyVpcPeeringConnectionOptions } from './actions/peerings/ModifyVpcPeeringConnectionOptions.ts'
import { RejectVpcPeeringConnection } from './actions/peerings/RejectVpcPeeringConnection.ts'
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
import { AssociateRouteTable } from './actions/route-tables/AssociateRouteTable.ts'
import { CreateRoute } from './actions/route-tables/CreateRoute.ts'
import { CreateRouteTable } from './actions/route-tables/CreateRouteTable.ts'
import { DeleteRoute } from './actions/route-tables/DeleteRoute.ts'
import { DeleteRouteTable } from './actions/route-tables/DeleteRouteTable.ts'
import { DescribeRouteTables } from './actions/route-tables/DescribeRouteTables.ts'
import { DisassociateRouteTable } from './actions/route-tables/DisassociateRouteTable.ts'
import { ReplaceRoute } from './actions/route-tables/ReplaceRoute.ts'
import { ReplaceRouteTableAssociation } from './actions/route-tables/ReplaceRouteTableAssociation.ts'
import { AuthorizeSecurityGroupEgress } from './actions/security-groups/AuthorizeSecurityGroupEgress.ts'
import { AuthorizeSecurityGroupIngress } from './actions/security-groups/AuthorizeSecurityGroupIngress.ts'
import { CreateSecurityGroup } from './actions/security-groups/CreateSecurityGroup.ts'
import { DeleteSecurityGroup } from './actions/security-groups/DeleteSecurityGroup.ts'
import { DescribeSecurityGroupReferences } from './actions/security-groups/DescribeSecurityGroupReferences.ts'
import { DescribeSecurityGroupRules } from './actions/security-groups/DescribeSecurityGroupRules.ts'
import { DescribeSecurityGroups } from './actions/security-groups/DescribeSecurityGroups.ts'
import { DescribeStaleSecurityGroups } from './actions/security-groups/DescribeStaleSecurityGroups.ts'
import { GetSecurityGroupsForVpc } from './actions/security-groups/GetSecurityGroupsForVpc.ts'
import { ModifySecurityGroupRules } from './actions/security-groups/ModifySecurityGroupRules.ts'
import { RevokeSecurityGroupEgress } from './actions/security-groups/RevokeSecurityGroupEgress.ts'
import { RevokeSecurityGroupIngress } from './actions/security-groups/RevokeSecurityGroupIngress.ts'
import { UpdateSecurityGroupRuleDescriptionsEgress } from './actions/security-groups/UpdateSecurityGroupRuleDescriptionsEgress.ts'
import { UpdateSecurityGroupRuleDescriptionsIngress } from './actions/security-groups/UpdateSecurityGroupRuleDescriptionsIngress.ts'
import { CopySnapshot } from './actions/snapshots/CopySnapshot.ts'
import { CreateSnapshot } from './actions/snapshots/CreateSnapshot.ts'
import { CreateSnapshots } from './actions/snapshots/CreateSnapshots.ts'
import { DeleteSnapshot } from './actions/snapshots/DeleteSnapshot.ts'
import { DescribeFastSnapshotRestores } from './actions/snapshots/DescribeFastSnapshotRestores.ts'
import { DescribeSnapshotAttribute } from './actions/snapshots/DescribeSnapshotAttribute.ts'
import { DescribeSnapshots } from './actions/snapshots/DescribeSnapshots.ts'
import { DescribeSnapshotTierStatus } from './actions/snapshots/DescribeSnapshotTierStatus.ts'
import { DisableFastSnapshotRestores } from './actions/snapshots/DisableFastSnapshotRestores.ts'
import { EnableFastSnapshotRestores } from './actions/snapshots/EnableFastSnapshotRestores.ts'
import { ModifySnapshotAttribute } from './actions/snapshots/ModifySnapshotAttribute.ts'
import { ResetSnapshotAttribute } from './actions/snapshots/ResetSnapshotAttribute.ts'
import { CreateTags } from './actions/tags/CreateTags.ts'
import { DeleteTags } from './actions/tags/DeleteTags.ts'
import { DescribeTags } from './actions/tags/DescribeTags.ts'
import { AttachVolume } from './actions/volumes/AttachVolume.ts'
import { CreateVolume } from './actions/volumes/CreateVolume.ts'
import { DeleteVolume } from './actions/volumes/DeleteVolume.ts'
import { DescribeVolumeAttribute } from './actions/volumes/DescribeVolumeAttribute.ts'
import { DescribeVolumeStatus } from './actions/volumes/DescribeVolumeStatus.ts'
import { DescribeVolumes } from './actions/volumes/DescribeVolumes.ts'
import { DescribeVolumesModifications } from './actions/volumes/DescribeVolumesModifications.ts'
import { DetachVolume } from './actions/volumes/DetachVolume.ts'
import { EnableVolumeIO } from './actions/volumes/EnableVolumeIO.ts'
import { ModifyVolume } from './actions/volumes/ModifyVolume.ts'
import { ModifyVolumeAttribute } from './actions/volumes/ModifyVolumeAttribute.ts'
import { CreateVpcEndpoint } from './actions/vpc-endpoints/CreateVpcEndpoint.ts'
import { DeleteVpcEndpoints } from './actions/vpc-endpoints/DeleteVpcEndpoints.ts'
import { DescribeVpcEndpointServices } from './actions/vpc-endpoints/DescribeVpcEndpointServices.ts'
import { DescribeVpcEndpoints } from './actions/vpc-endpoints/DescribeVpcEndpoints.ts'
import { ModifyVpcEndpoint } from './actions/vpc-endpoints/ModifyVpcEndpoint.ts'
import { AssociateSubnetCidrBlock } from './actions/vpcs/AssociateSubnetCidrBlock.ts'
import { AssociateVpcCidrBlock } from './actions/vpcs/AssociateVpcCidrBlock.ts'
import { CreateDefaultSubnet } from './actions/vpcs/CreateDefaultSubnet.ts'
import { CreateDefaultVpc } from './actions/vpcs/CreateDefaultVpc.ts'
import { CreateSubnet } from './actions/vpcs/CreateSubnet.ts'
import { CreateVpc } from './actions/vpcs/CreateVpc.ts'
import { DeleteSubnet } from './actions/vpcs/DeleteSubnet.ts'
import { DeleteVpc } from './actions/vpcs/DeleteVpc.ts'
import { DescribeSubnets } from './actions/vpcs/DescribeSubnets.ts'
import { DescribeVpcAttribute } from './actions/vpcs/DescribeVpcAttribute.ts'
import { DescribeVpcs } from './actions/vpcs/DescribeVpcs.ts'
import { DisassociateSubnetCidrBlock } from './actions/vpcs/DisassociateSubnetCidrBlock.ts'
import { DisassociateVpcCidrBlock } from './actions/vpcs/DisassociateVpcCidrBlock.ts'
import { ModifySubnetAttribute } from './actions/vpcs/ModifySubnetAttribute.ts'
import { ModifyVpcAttribute } from './actions/vpcs/ModifyVpcAttribute.ts'

export const ec2Actions = [
  AcceptVpcPeeringConnection,
  AllocateAddress,
  AssignIpv6Addresses,
  AssignPrivateIpAddresses,
  AssociateAddress,
  AssociateDhcpOptions,
  AssociateRouteTable,
  AssociateSubnetCidrBlock,
  AssociateVpcCidrBlock,
  AttachInternetGateway,
  AttachNetworkInterface,
  AttachVolume,
  AuthorizeSecurityGroupEgress,
  AuthorizeSecurityGroupIngress,
  CancelExportTask,
  CancelImportTask,
  CopyImage,
  CopySnapshot,
  CreateDefaultSubnet,
  CreateDefaultVpc,
  CreateDhcpOptions,
  CreateEgressOnlyInternetGateway,
  CreateImage,
  CreateInternetGateway,
  CreateKeyPair,
  CreateManagedPrefixList,
  CreateNatGateway,
  CreateNetworkAcl,
  CreateNetworkAclEntry,
  CreateNetworkInterface,
  CreateRoute,
  CreateRouteTable,
  CreateSecurityGroup,
  CreateSnapshot,
  CreateSnapshots,
  CreateSubnet,
  CreateTags,
  CreateVolume,
  CreateVpc,
  CreateVpcEndpoint,
  CreateVpcPeeringConnection,
  DeleteDhcpOptions,
  DeleteEgressOnlyInternetGateway,
  DeleteInternetGateway,
  DeleteKeyPair,
  DeleteManagedPrefixList,
  DeleteNatGateway,
  DeleteNetworkAcl,
  DeleteNetworkAclEntry,
  DeleteNetworkInterface,
  DeleteRoute,
  DeleteRouteTable,
  DeleteSecurityGroup,
  DeleteSnapshot,
  DeleteSubnet,
  DeleteTags,
  DeleteVolume,
  DeleteVpc,
  DeleteVpcEndpoints,
  DeleteVpcPeeringConnection,
  DeregisterImage,
  DescribeAccountAttributes,
  DescribeAddresses,
  DescribeAddressesAttribute,
  DescribeAvailabilityZones,
  DescribeDhcpOptions,
  DescribeEgressOnlyInternetGateways,
  DescribeExportImageTasks,
  DescribeFastSnapshotRestores,
  DescribeIamInstanceProfileAssociations,
  DescribeImageAttribute,
  DescribeImages,
  DescribeImportImageTasks,
  DescribeImportSnapshotTasks,
  DescribeInstanceAttribute,
  DescribeInstanceCreditSpecifications,
  DescribeInstanceStatus,
  DescribeInstanceTypeOfferings,
  DescribeInstanceTypes,
  DescribeInstances,
  DescribeInternetGateways,
  DescribeKeyPairs,
  DescribeManagedPrefixLists,
  DescribeNatGateways,
  DescribeNetworkAcls,
  DescribeNetworkInterfaceAttribute,
  DescribeNetworkInterfaces,
  DescribePrefixLists,
  DescribeRegions,
  DescribeRouteTables,
  DescribeSecurityGroupReferences,
  DescribeSecurityGroupRules,
  DescribeSecurityGroups,
  DescribeSnapshotAttribute,
  DescribeSnapshotTierStatus,
  DescribeSnapshots,
  DescribeStaleSecurityGroups,
  DescribeSubnets,
  DescribeTags,
  DescribeVolumeAttribute,
  DescribeVolumeStatus,
  DescribeVolumes,
  DescribeVolumesModifications,
  DescribeVpcAttribute,
  DescribeVpcEndpointServices,
  DescribeVpcEndpoints,
  DescribeVpcPeeringConnections,
  DescribeVpcs,
  DetachInternetGateway,
  DetachNetworkInterface,
  DetachVolume,
  DisableEbsEncryptionByDefault,
  DisableFastSnapshotRestores,
  DisableImage,
  DisableImageDeprecation,
  DisableImageDeregistrationProtection,
  DisassociateAddress,
  DisassociateRouteTable,
  DisassociateSubnetCidrBlock,
  DisassociateVpcCidrBlock,
  EnableEbsEncryptionByDefault,
  EnableFastSnapshotRestores,
  EnableImage,
  EnableImageDeprecation,
  EnableImageDeregistrationProtection,
  EnableVolumeIO,
  ExportImage,
  GetConsoleOutput,
  GetEbsDefaultKmsKeyId,
  GetEbsEncryptionByDefault,
  GetManagedPrefixListAssociations,
  GetManagedPrefixListEntries,
  GetSecurityGroupsForVpc,
  ImportImage,
  ImportKeyPair,
  ImportSnapshot,
  ModifyAddressAttribute,
  ModifyImageAttribute,
  ModifyInstanceAttribute,
  ModifyInstanceMetadataOptions,
  ModifyManagedPrefixList,
  ModifyNetworkInterfaceAttribute,
  ModifyPrivateDnsNameOptions,
  ModifySecurityGroupRules,
  ModifySnapshotAttribute,
  ModifySubnetAttribute,
  ModifyVolume,
  ModifyVolumeAttribute,
  ModifyVpcAttribute,
  ModifyVpcEndpoint,
  ModifyVpcPeeringConnectionOptions,
  MonitorInstances,
  RebootInstances,
  RegisterImage,
  RejectVpcPeeringConnection,
  ReleaseAddress,
  ReplaceNetworkAclAssociation,
  ReplaceNetworkAclEntry,
  ReplaceRoute,
  ReplaceRouteTableAssociation,
  ResetAddressAttribute,
  ResetImageAttribute,
  ResetInstanceAttribute,
  ResetNetworkInterfaceAttribute,
  ResetSnapshotAttribute,
  RestoreManagedPrefixListVersion,
  RevokeSecurityGroupEgress,
  RevokeSecurityGroupIngress,
  RunInstances,
  StartInstances,
  StopInstances,
  TerminateInstances,
  UnassignIpv6Addresses,
  UnassignPrivateIpAddresses,
  UnmonitorInstances,
  UpdateSecurityGroupRuleDescriptionsEgress,
  UpdateSecurityGroupRuleDescriptionsIngress,
] as const
