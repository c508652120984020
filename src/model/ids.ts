import { hex, type Random } from '../base/random.ts'

/** What ids of each kind of resource begin with. Source: EC2 API Reference, "Resource IDs". */
export const idPrefixes = {
  instance: 'i',
  image: 'ami',
  kernel: 'aki',
  ramdisk: 'ari',
  volume: 'vol',
  snapshot: 'snap',
  'security-group': 'sg',
  'security-group-rule': 'sgr',
  'key-pair': 'key',
  vpc: 'vpc',
  subnet: 'subnet',
  'network-interface': 'eni',
  'network-interface-attachment': 'eni-attach',
  reservation: 'r',
  'elastic-ip': 'eipalloc',
  'elastic-ip-association': 'eipassoc',
  'route-table': 'rtb',
  'network-acl': 'acl',
  'network-acl-association': 'aclassoc',
  'prefix-list': 'pl',
  'internet-gateway': 'igw',
  'dhcp-options': 'dopt',
  natgateway: 'nat',
  'vpc-peering-connection': 'pcx',
  'vpc-endpoint': 'vpce',
  'route-table-association': 'rtbassoc',
  'vpc-cidr-block-association': 'vpc-cidr-assoc',
  'import-image-task': 'import-ami',
  'import-snapshot-task': 'import-snap',
  'export-image-task': 'export-ami',
  'subnet-cidr-block-association': 'subnet-cidr-assoc',
  'egress-only-internet-gateway': 'eigw',
} as const satisfies Record<string, string>

export type ResourceKind = keyof typeof idPrefixes
export type ResourceId<K extends ResourceKind> = `${(typeof idPrefixes)[K]}-${string}`

export type InstanceId = ResourceId<'instance'>
export type ImageId = ResourceId<'image'>
export type InterfaceId = ResourceId<'network-interface'>
export type AclId = ResourceId<'network-acl'>
export type GroupId = ResourceId<'security-group'>
export type VpcId = ResourceId<'vpc'>
export type SubnetId = ResourceId<'subnet'>
export type VolumeId = ResourceId<'volume'>
export type SnapshotId = ResourceId<'snapshot'>
export type DiskTaskId = ResourceId<'import-image-task' | 'import-snapshot-task' | 'export-image-task'>
/** Twelve digits. */
export type AccountId = string
/** The name of a host in its region: `us-west-2a-1`. */
export type HostId = string
/** A key that encrypts: a UUID. */
export type KeyId = `${string}-${string}-${string}-${string}-${string}`
/** `dom_N`: the Nth domain that this cloud ever started. */
export type DomainId = `dom_${number}`

/** A new id in EC2's long form: the prefix and 17 hexadecimal digits. */
export function newId<K extends ResourceKind>(kind: K, random: Random): ResourceId<K> {
  return `${idPrefixes[kind]}-${hex(random, 17)}`
}

/** Whether `text` has the form of an id of this kind: 8 or 17 hexadecimal digits. */
export function isId<K extends ResourceKind>(kind: K, text: string): text is ResourceId<K> {
  const prefix = `${idPrefixes[kind]}-`
  return text.startsWith(prefix) && /^(?:[0-9a-f]{8}|[0-9a-f]{17})$/.test(text.slice(prefix.length))
}

const kindsByPrefix = new Map(
  Object.entries(idPrefixes).map(([kind, prefix]) => [prefix as string, kind as ResourceKind]),
)

/** The kind of resource that an id names, by its prefix. */
export function kindOfId(id: string): ResourceKind | undefined {
  return kindsByPrefix.get(id.slice(0, id.lastIndexOf('-')))
}
