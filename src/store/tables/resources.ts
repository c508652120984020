/**
 * Rows of the resources. Times are ISO 8601 text, truths are 0 or 1, `*_json` is JSON text. Columns ending in `_id` name
 * another row.
 */
import type { Generated } from 'kysely'
import type { DomainState } from '../../host-api/facts.ts'
import type {
  AccountId,
  DomainId,
  GroupId,
  HostId,
  ImageId,
  InstanceId,
  InterfaceId,
  ResourceId,
  ResourceKind,
  SnapshotId,
  SubnetId,
  VpcId,
} from '../../model/ids.ts'
import type { InstanceState, StateReasonName } from '../../model/instance-states.ts'

export type Truth = 0 | 1

export interface ResourceTables {
  accounts: AccountRow
  accessKeys: AccessKeyRow
  clientTokens: ClientTokenRow
  tags: TagRow
  hosts: HostRow
  vpcHosts: VpcHostRow
  domainFacts: DomainFactRow
  images: ImageRow
  keyPairs: KeyPairRow
  vpcs: VpcRow
  subnets: SubnetRow
  securityGroups: SecurityGroupRow
  securityGroupRules: SecurityGroupRuleRow
  interfaces: InterfaceRow
  interfaceGroups: InterfaceGroupRow
  reservations: ReservationRow
  instances: InstanceRow
  consoles: ConsoleRow
}

export interface AccountRow {
  id: AccountId
  name: string
  createdAt: number
  /** Whether all volumes that it makes are encrypted. */
  ebsEncrypted: Generated<Truth>
}

export interface AccessKeyRow {
  id: string
  accountId: AccountId
  /** `root`, or a user's name. */
  userName: string
  secret: string
  /** Only temporary keys have one. */
  sessionToken: string | null
  expiresAt: number | null
  createdAt: number
}

export interface ClientTokenRow {
  accountId: AccountId
  operation: string
  token: string
  digest: string
  /** In the format of Node's `v8.serialize`, BASE64: it keeps dates. */
  output: string
  createdAt: number
}

export interface TagRow {
  resourceId: string
  kind: ResourceKind
  accountId: AccountId
  key: string
  value: string
}

export interface HostRow {
  id: HostId
  zone: string
  underlayAddress: string
  isEdge: Truth
  memoryMib: number
  cores: number
  diskGib: number
  accelerator: 'kvm' | 'tcg' | 'none'
  connected: Truth
  /** It is away for good, and with it what ran there; until it says hello again. */
  lost: Truth
  /** Grows whenever something that the host shall do changes. */
  generation: number
  /** The newest generations that the host received, and wholly carried out. */
  received: number
  settled: number
  troublesJson: string
  /** How many instances are placed on it, and their memory, together. Kept by triggers: nobody else writes it. */
  domains: number
  claimedMib: number
}

/** The database's own count: see migration 0065. */
export interface VpcHostRow {
  vpcId: VpcId
  hostId: HostId
  /** How many of the VPC's interfaces are there. */
  interfaces: number
}

export interface DomainFactRow {
  id: DomainId
  hostId: HostId
  state: DomainState
  cause: 'guest' | 'button' | 'forced' | null
  startedAt: number | null
  reboots: number
  heldReboot?: number | null | undefined
  /** Ids of the interfaces that are plugged into it, as JSON. */
  vifsJson: string
  /** Volumes that are plugged in, as `PluggedFact`. */
  pluggedJson: string
}

export interface ImageRow {
  id: ImageId
  accountId: AccountId
  /** An alias that stands for the owner, as `amazon`. */
  ownerAlias: string | null
  name: string
  description: string
  /** A deregistered one is kept until its last instance has gone. */
  state: 'pending' | 'available' | 'failed' | 'disabled' | 'deregistered'
  isPublic: Truth
  architecture: string
  /** Files in the image's folder; the kernel's own arguments. */
  kernelFile: string | null
  ramdiskFile: string | null
  rootFile: string
  commandLine: string
  /** What starts the boot loader on its disk, where the image has no kernel. */
  firmware: 'bios' | 'uefi' | null
  rootSizeMib: number
  /** What its root volume is made of; null where the root is a copy of `rootFile`. */
  rootSnapshotId?: SnapshotId | null | undefined
  /** The image whose kernel and ramdisk it boots; its own where null. */
  bootImageId?: ImageId | null | undefined
  rootDeviceName?: string | undefined
  /** The instance that it was made of. */
  sourceInstanceId?: InstanceId | null | undefined
  /** What its instances are given beside, or for, a root as large as the image, as `ImageMapping`. */
  mappingsJson?: string | undefined
  digest: string
  createdAt: number
  /** From when on it is out of date. */
  deprecatedAt?: number | null | undefined
  /** Set where it may not be deregistered, as EC2 calls it: `enabled-without-cooldown`; `until/MS` while it cools down. */
  protection?: string | null | undefined
  /** What it is a copy of. */
  sourceImageId?: ImageId | null | undefined
  sourceImageRegion?: string | null | undefined
}

export interface KeyPairRow {
  id: ResourceId<'key-pair'>
  accountId: AccountId
  name: string
  type: 'rsa' | 'ed25519'
  fingerprint: string
  /** One line of OpenSSH's authorizedKeys. */
  publicKey: string
  createdAt: number
}

export interface VpcRow {
  id: VpcId
  accountId: AccountId
  cidr: string
  vni: number
  isDefault: Truth
  createdAt: number
  /** Null: none at all, not even a name server. */
  dhcpOptionsId: ResourceId<'dhcp-options'> | null
  /** Whether guests can ask Amazon's name server, and whether they have public names. */
  dnsSupport: Truth
  dnsHostnames: Truth
}

export interface SubnetRow {
  id: SubnetId
  vpcId: VpcId
  accountId: AccountId
  zone: string
  cidr: string
  isDefault: Truth
  /** Whether interfaces made in it by RunInstances get a public address. */
  mapsPublic: Truth
  /** Whether interfaces made in it get an address of IPv6 without being asked for. */
  assignsIpv6: Truth
}

export interface SecurityGroupRow {
  id: GroupId
  vpcId: VpcId
  accountId: AccountId
  name: string
  description: string
  createdAt: number
}

export interface SecurityGroupRuleRow {
  id: ResourceId<'security-group-rule'>
  groupId: GroupId
  /** What the rule says, in one canonical text: the same rule twice is refused by the database too. */
  canonical: string
  ruleJson: string
  description: string | null
  createdAt: number
}

export interface InterfaceRow {
  id: InterfaceId
  accountId: AccountId
  vpcId: VpcId
  subnetId: SubnetId
  zone: string
  mac: string
  privateAddress: string
  description: string
  sourceDestCheck: Truth
  createdAt: number
  instanceId: InstanceId | null
  deviceIndex: number | null
  attachmentId: ResourceId<'network-interface-attachment'> | null
  attachedAt: number | null
  /** On its way to or from its instance, or there; `attached` where it has none. */
  attachmentState: AttachmentState
  deleteOnTermination: Truth
}

export type AttachmentState = 'attaching' | 'attached' | 'detaching'

export interface InterfaceGroupRow {
  interfaceId: InterfaceId
  groupId: GroupId
}

export interface ReservationRow {
  id: ResourceId<'reservation'>
  accountId: AccountId
  createdAt: number
}

export interface InstanceRow {
  id: InstanceId
  accountId: AccountId
  reservationId: ResourceId<'reservation'>
  launchIndex: number
  imageId: ImageId
  type: string
  keyName: string | null
  /** The key's public half, as it was at launch. */
  publicKey: string | null
  zone: string
  state: InstanceState
  stateReason: StateReasonName | null
  /** `User initiated (2014-04-23 20:11:35 GMT)`. */
  transitionReason: string
  launchedAt: number
  runningAt: number | null
  terminatedAt: number | null
  userData: string | null
  clientToken: string | null
  shutdownBehavior: 'stop' | 'terminate'
  apiTerminationDisabled: Truth
  apiStopDisabled: Truth
  monitoring: Truth
  ebsOptimized: Truth
  /** Options of the metadata service, as MetadataOptionsJson. */
  metadataJson: string
  tenancy: string
  /** The machine below. The host is given back when the instance has ended. */
  hostId: HostId | null
  domainId: DomainId
  uuid: string
  memoryMib: number
  /** `wait`: its volumes are on the way; `gone`: the host shall know nothing of it any more. */
  power: 'wait' | 'on' | 'off' | 'cut' | 'gone'
  reboots: number
  /** The reboot that stops half-way, until an image was made of its volumes. */
  holdReboot?: number | null | undefined
  /** Disks of its type under names of its own, as `DiskMapping`; null: as type and image have them. */
  disksJson?: string | null | undefined
  /** The host's generation that carries its newest wish. */
  wishedIn: number
}

/** What `metadataJson` holds. */
export interface MetadataOptionsJson {
  readonly tokens: 'optional' | 'required'
  readonly hopLimit: number
  readonly enabled: boolean
  readonly tagsEnabled: boolean
  readonly ipv6Enabled: boolean
}

export interface ConsoleRow {
  instanceId: InstanceId
  /** BASE64 of the last 64 KiB. */
  text: string
  readAt: number
}
