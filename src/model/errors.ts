/**
 * Every error that a caller can see: its code, HTTP status and message.
 * Source: EC2 API Reference, "Error codes for the Amazon EC2 API", and answers recorded in public issue trackers.
 */
type Args = Readonly<Record<string, string | number>>
type Entry = { readonly status: number; readonly message: (args: Args) => string }

const caller = (message: (args: Args) => string): Entry => ({ status: 400, message })
const denied = (status: number, message: (args: Args) => string): Entry => ({ status, message })
/** An error whose text the refusing place knows best. */
const told = caller(({ message }) => String(message))

/** One id or many that do not exist. Source: messages of EC2, as in "The instance IDs 'i-1, i-2' do not exist". */
const missing = (noun: string): Entry =>
  caller(({ id }) =>
    String(id).includes(', ') ? `The ${noun} IDs '${id}' do not exist` : `The ${noun} ID '${id}' does not exist`,
  )

export const errors = {
  // The front door.
  AuthFailure: denied(401, ({ message }) =>
    String(message ?? 'AWS was not able to validate the provided access credentials'),
  ),
  SignatureDoesNotMatch: denied(403, ({ message }) => String(message)),
  RequestExpired: caller(({ timestamp }) =>
    timestamp === undefined ? 'Request has expired.' : `Request has expired. Timestamp date is ${timestamp}`,
  ),
  // Of the services other than EC2. Source: IAM and STS API References, "Common errors".
  IncompleteSignature: caller(({ why }) => `The request signature does not conform to AWS standards: ${why}`),
  InvalidClientTokenId: denied(403, () => 'The security token included in the request is invalid.'),
  ExpiredToken: denied(403, () => 'The security token included in the request is expired'),
  UnauthorizedOperation: denied(403, () => 'You are not authorized to perform this operation.'),
  MissingAuthenticationToken: denied(403, () => 'Request is missing Authentication Token'),
  InvalidAction: caller(
    ({ action, version }) =>
      `The action ${action} is not valid for this web service.${version ? ` Version: ${version}` : ''}`,
  ),
  MissingAction: caller(() => 'No action was supplied with this request.'),
  NoSuchVersion: caller(({ version }) => `The requested version (${version}) is not valid.`),
  UnsupportedOperation: told,
  DryRunOperation: denied(412, () => 'Request would have succeeded, but DryRun flag is set.'),
  RequestLimitExceeded: denied(503, () => 'Request limit exceeded.'),
  MalformedQueryString: denied(404, () => 'The query string contains a syntax error.'),
  MethodNotAllowed: denied(405, ({ method }) => `The method ${method} is not allowed here.`),
  RequestEntityTooLarge: denied(413, ({ limit }) => `The request is larger than ${limit} bytes.`),
  InternalError: denied(500, () => 'An internal error has occurred.'),

  // Parameters.
  MissingParameter: caller(({ parameter, message }) =>
    String(message ?? `The request must contain the parameter ${parameter}`),
  ),
  UnknownParameter: caller(({ parameter }) => `The parameter ${parameter} is not recognized`),
  InvalidParameter: told,
  InvalidParameterValue: told,
  InvalidParameterCombination: told,
  InvalidParameterDependency: told,
  IdempotentParameterMismatch: caller(
    () => 'The same client token was used in an earlier request with other parameters.',
  ),
  IdempotentInstanceTerminated: caller(
    ({ ids }) => `The client token belongs to instances that have been terminated: ${ids}`,
  ),
  InvalidNextToken: caller(() => 'The token is not valid.'),
  FilterLimitExceeded: told,

  // Ids and names of resources.
  InvalidID: caller(({ id }) => `The ID '${id}' is not valid`),
  'InvalidInstanceID.Malformed': caller(({ id }) => `Invalid id: "${id}"`),
  'InvalidInstanceID.NotFound': missing('instance'),
  'InvalidAMIID.Malformed': caller(({ id }) => `Invalid id: "${id}" (expecting "ami-...")`),
  'InvalidAMIID.NotFound': caller(({ id }) =>
    String(id).includes(', ') ? `The image ids '[${id}]' do not exist` : `The image id '[${id}]' does not exist`,
  ),
  'InvalidAMIID.Unavailable': caller(({ id }) => `The image ID '${id}' is not available`),
  'InvalidAMIName.Duplicate': caller(({ name, id }) => `AMI name ${name} is already in use by AMI ${id}`),
  'InvalidAMIName.Malformed': caller(
    () =>
      "AMI names must be between 3 and 128 characters long, and may contain letters, numbers, '(', ')', '.', '-', '/' and '_'",
  ),
  InvalidAMIAttributeItemValue: told,
  InvalidManifest: told,
  InvalidRegion: told,
  InvalidRequest: told,
  InvalidConversionTaskId: caller(({ id }) => `The import task ID '${id}' does not exist`),
  'InvalidConversionTaskId.Malformed': caller(({ id }) => `Invalid id: "${id}" (expecting "import-...")`),
  'InvalidExportTaskID.NotFound': caller(({ id }) => `The export task ID '${id}' does not exist`),
  'InvalidExportTaskID.Malformed': caller(({ id }) => `Invalid id: "${id}" (expecting "export-ami-...")`),
  InvalidInstanceType: caller(({ names }) => `The following supplied instance types do not exist: [${names}]`),
  'InvalidKeyPair.NotFound': caller(({ id }) => `The key pair '${id}' does not exist`),
  'InvalidKeyPair.Duplicate': caller(({ name }) => `The keypair '${name}' already exists.`),
  'InvalidKey.Format': caller(() => 'Key is not in valid OpenSSH public key format'),
  'InvalidPermission.Duplicate': caller(({ rule }) => `the specified rule "${rule}" already exists`),
  'InvalidPermission.Malformed': told,
  'InvalidPermission.NotFound': caller(() => 'The specified rule does not exist in this security group.'),
  'InvalidGroup.NotFound': caller(({ id, vpc, message }) =>
    String(
      message ??
        (vpc
          ? `The security group '${id}' does not exist in VPC '${vpc}'`
          : `The security group '${id}' does not exist`),
    ),
  ),
  'InvalidGroup.Duplicate': caller(({ name, vpc }) => `The security group '${name}' already exists for VPC '${vpc}'`),
  'InvalidGroupId.Malformed': caller(({ id }) => `Invalid id: "${id}" (expecting "sg-...")`),
  'InvalidSecurityGroupRuleId.Malformed': caller(({ id }) => `Invalid id: "${id}" (expecting "sgr-...")`),
  'InvalidSecurityGroupRuleId.NotFound': caller(({ id }) => `The security group rule ID '${id}' does not exist`),
  'InvalidIPAddress.InUse': told,
  'InvalidNetworkInterface.InUse': caller(({ id }) => `Interface: [${id}] in use.`),
  'InvalidAttachmentID.NotFound': caller(({ id }) => `The networkInterface attachment ID '${id}' does not exist`),
  'InvalidNetworkInterfaceAttachmentId.Malformed': caller(
    ({ id }) => `Invalid id: "${id}" (expecting "eni-attach-...")`,
  ),
  'InvalidVpcID.NotFound': missing('vpc'),
  'InvalidVpc.Range': caller(({ cidr }) => `The CIDR '${cidr}' is invalid.`),
  'InvalidVpc.Conflict': caller(({ cidr }) => `The CIDR '${cidr}' conflicts with another block of the VPC`),
  'InvalidSubnet.Range': caller(({ cidr }) => `The CIDR '${cidr}' is invalid.`),
  'InvalidSubnet.Conflict': caller(({ cidr }) => `The CIDR '${cidr}' conflicts with another subnet`),
  'InvalidCidrBlock.InUse': told,
  'InvalidVpcCidrBlockAssociationID.NotFound': caller(
    ({ id }) => `The vpc CIDR block association ID '${id}' does not exist`,
  ),
  'InvalidSubnetCidrBlockAssociationID.NotFound': caller(
    ({ id }) => `The subnet CIDR block association ID '${id}' does not exist`,
  ),
  'InvalidEgressOnlyInternetGatewayId.NotFound': missing('egressOnlyInternetGateway'),
  DefaultVpcAlreadyExists: caller(() => 'A Default VPC already exists for this account in this region.'),
  DefaultVpcDoesNotExist: caller(() => 'No default VPC for this user'),
  DefaultSubnetAlreadyExistsInAvailabilityZone: caller(
    ({ id, zone }) => `'${id}' already exists as the default subnet in ${zone}.`,
  ),
  'InvalidDhcpOptionID.NotFound': missing('dhcpOption'),
  'InvalidRouteTableID.NotFound': missing('routeTable'),
  'InvalidRoute.NotFound': caller(
    ({ destination, table }) => `no route with destination-cidr-block ${destination} in route table ${table}`,
  ),
  RouteAlreadyExists: caller(({ destination, message }) =>
    String(message ?? `The route identified by ${destination} already exists.`),
  ),
  'InvalidInternetGatewayID.NotFound': missing('internetGateway'),
  'InvalidGatewayID.NotFound': missing('gateway'),
  'Gateway.NotAttached': caller(({ id, vpc, message }) =>
    String(message ?? `resource ${id} is not attached to network ${vpc}`),
  ),
  'InvalidVpcEndpointId.NotFound': caller(({ id }) => `The Vpc Endpoint Id '${id}' does not exist`),
  InvalidServiceName: caller(({ name }) => `The Vpc Endpoint Service '${name}' does not exist`),
  VpcEndpointLimitExceeded: caller(() => 'The maximum number of VPC endpoints has been reached.'),
  NatGatewayNotFound: caller(({ id }) => `The Nat Gateway ${id} was not found`),
  'InvalidNatGatewayID.NotFound': missing('natGateway'),
  'InvalidVpcPeeringConnectionID.NotFound': missing('vpcPeeringConnection'),
  VpcPeeringConnectionAlreadyExists: told,
  InvalidStateTransition: told,
  InvalidInstanceID: told,
  VPCIdNotSpecified: caller(() => 'No default VPC for this user'),
  'InvalidSubnetID.NotFound': missing('subnet'),
  'InvalidZone.NotFound': caller(({ zone }) => `The zone '${zone}' does not exist.`),
  'InvalidVolumeID.Malformed': caller(({ id }) => `Invalid id: "${id}" (expecting "vol-...")`),
  'InvalidSnapshotID.Malformed': caller(({ id }) => `Invalid id: "${id}" (expecting "snap-...")`),
  'InvalidVolume.ZoneMismatch': told,
  VolumeInUse: told,
  IncorrectModificationState: told,
  VolumeModificationRateExceeded: told,
  'InvalidVolumeModification.NotFound': caller(({ id }) => `Modification for volume '${id}' does not exist.`),
  'InvalidAttachment.NotFound': told,
  'InvalidVolume.NotFound': caller(({ id }) => `The volume '${id}' does not exist.`),
  'InvalidSnapshot.InUse': caller(({ id, image }) => `The snapshot ${id} is currently in use by ${image}`),
  InvalidBlockDeviceMapping: told,
  'InvalidSnapshot.NotFound': caller(({ id }) => `The snapshot '${id}' does not exist.`),
  'InvalidAddress.NotFound': caller(({ id }) => `Address '${id}' not found.`),
  'InvalidAddress.PtrSet': caller(
    ({ id }) => `The address with allocation id [${id}] cannot be released because it has a PTR record set.`,
  ),
  'InvalidAllocationID.NotFound': missing('allocation'),
  'InvalidAssociationID.NotFound': caller(({ id }) => `The association ID '${id}' does not exist`),
  'InvalidUserID.Malformed': caller(({ id }) => `Invalid user id: "${id}"`),
  'InvalidNetworkInterfaceID.NotFound': missing('networkInterface'),

  'InvalidNetworkAclID.NotFound': missing('networkAcl'),
  'InvalidNetworkAclEntry.NotFound': caller(
    ({ number, acl }) => `The network acl entry identified by ${number} does not exist in network acl '${acl}'`,
  ),
  NetworkAclEntryAlreadyExists: caller(({ number }) => `The network acl entry identified by ${number} already exists.`),
  'InvalidPrefixListID.Malformed': caller(({ id }) => `Invalid id: "${id}" (expecting "pl-...")`),
  'InvalidPrefixListID.NotFound': caller(({ id }) => `The prefix list ID '${id}' does not exist`),
  PrefixListVersionMismatch: told,
  PrefixListMaxEntriesExceeded: told,

  // States, limits and dependencies.
  IncorrectInstanceState: caller(({ id, verb, message }) =>
    String(message ?? `The instance '${id}' is not in a state from which it can be ${verb}.`),
  ),
  IncorrectState: told,
  InvalidInstanceAttributeValue: told,
  SecurityGroupsPerInterfaceLimitExceeded: caller(
    () => 'The maximum number of security groups per interface has been reached.',
  ),
  OperationNotPermitted: told,
  CannotDelete: caller(({ id, name }) => `the specified group: "${id}" name: "${name}" cannot be deleted by a user`),
  DependencyViolation: caller(({ id, message }) => String(message ?? `resource ${id} has a dependent object`)),
  InsufficientInstanceCapacity: denied(500, ({ type, zone }) =>
    zone
      ? `We currently do not have sufficient ${type} capacity in the Availability Zone you requested (${zone}).`
      : `We currently do not have sufficient ${type} capacity for what you requested.`,
  ),
  InsufficientFreeAddressesInSubnet: caller(({ id }) => `There are not enough free addresses in subnet '${id}'`),
  InsufficientAddressCapacity: denied(500, () => 'There are no free public addresses.'),
  'Resource.AlreadyAssociated': caller(({ id, association, message }) =>
    String(message ?? `resource ${id} is already associated with associate-id ${association}`),
  ),
  AttachmentLimitExceeded: caller(({ count, type, message }) =>
    String(message ?? `Interface count ${count} exceeds the limit for ${type}`),
  ),
  PrivateIpAddressLimitExceeded: caller(() => 'Number of private addresses will exceed limit.'),
  AddressLimitExceeded: caller(() => 'The maximum number of addresses has been reached.'),
  ResourceLimitExceeded: told,
  VpcLimitExceeded: caller(() => 'The maximum number of VPCs has been reached.'),
  SubnetLimitExceeded: caller(() => 'The maximum number of subnets has been reached.'),
  CidrLimitExceeded: caller(({ id }) => `This network '${id}' has met its maximum number of allowed CIDRs.`),
  RouteTableLimitExceeded: caller(() => 'The maximum number of route tables has been reached.'),
  RouteLimitExceeded: caller(() => 'The maximum number of routes has been reached.'),
  InternetGatewayLimitExceeded: caller(() => 'The maximum number of internet gateways has been reached.'),
  NatGatewayLimitExceeded: caller(({ zone }) => `The maximum number of NAT gateways in ${zone} has been reached.`),
  RulesPerSecurityGroupLimitExceeded: caller(() => 'The maximum number of rules per security group has been reached.'),
  NetworkAclEntryLimitExceeded: caller(() => 'The maximum number of network acl entries has been reached.'),
  TagLimitExceeded: caller(() => 'A resource may have at most 50 tags.'),
} as const satisfies Record<string, Entry>

export type ErrorCode = keyof typeof errors

/** What the caller did wrong, as the caller will read it. */
export class ApiError extends Error {
  readonly code: ErrorCode
  readonly status: number

  constructor(code: ErrorCode, args: Args) {
    const entry: Entry = errors[code]
    super(entry.message(args))
    this.name = 'ApiError'
    this.code = code
    this.status = entry.status
  }
}

/** Refuses the request: throws the `ApiError` of this code. */
export function refuse(code: ErrorCode, args: Args = {}): never {
  throw new ApiError(code, args)
}
