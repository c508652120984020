import { dictionaryOf } from '../../base/dictionary.ts'
import type { MetadataTree } from '../../host-api/metadata-tree.ts'
import type { InterfaceId, ResourceId, SubnetId, VpcId } from '../../model/ids.ts'
import { type IdentityFacts, identityDocument } from './identity-document.ts'

/** All that a guest may learn of itself, before it is a tree. */
export interface InstanceMetadataFacts extends IdentityFacts {
  readonly launchIndex: number
  readonly reservation: ResourceId<'reservation'>
  /** Where the image's manifest is; images on volumes have none, and EC2 says `(unknown)`. */
  readonly manifestPath?: string
  readonly lifeCycle?: 'on-demand' | 'spot' | 'scheduled'
  readonly virtualization: 'hvm' | 'paravirtual'
  readonly hypervisor: 'nitro' | 'xen'
  readonly zoneId: string
  readonly hostname: string
  readonly key?: { readonly name: string; readonly publicKey: string }
  /** `/dev/sda1`. */
  readonly rootDevice: string
  /** By virtual name (`ephemeral0`, `swap`, `ebs1`): the device, `sda2`. */
  readonly blockDevices?: Readonly<Record<string, string>>
  /** The primary interface first. */
  readonly interfaces: readonly [InterfaceFacts, ...InterfaceFacts[]]
  /** What the guest shall call its volumes, by their serial numbers: they come in no order. */
  readonly disks?: Readonly<Record<string, string>>
  /** Only if the instance shows its tags. */
  readonly tags?: Readonly<Record<string, string>>
  readonly detailedMonitoring?: boolean
  /** `amazonaws.com` and `aws` on EC2. */
  readonly services: { readonly domain: string; readonly partition: string }
}

export interface InterfaceFacts {
  readonly id: InterfaceId
  readonly deviceNumber: number
  readonly mac: string
  readonly owner: string
  readonly hostname: string
  /** Its private addresses, the primary one first. */
  readonly addresses: readonly [AddressFacts, ...AddressFacts[]]
  readonly groups: readonly { readonly id: ResourceId<'security-group'>; readonly name: string }[]
  readonly subnet: { readonly id: SubnetId; readonly cidr: string }
  readonly vpc: { readonly id: VpcId; readonly cidrs: readonly [string, ...string[]] }
  /** Its own addresses of IPv6, and the blocks of its subnet and VPC. */
  readonly six?: {
    readonly addresses: readonly string[]
    readonly subnet: string | undefined
    readonly vpc: readonly string[]
  }
}

export interface AddressFacts {
  readonly address: string
  /** The public address that leads to it, and its name. */
  /** The name is there only if the VPC gives some. Source: EC2 User Guide, "Instance metadata categories". */
  readonly public?: { readonly address: string; readonly hostname?: string }
}

type Texts = Record<string, string>

/**
 * The tree that the metadata service shows, `user-data` apart. What an instance lacks (a public address, a key, tags) is absent, and so
 * answered 404. Directories within directories and not one list of paths: with a hundred thousand guests their names are most of it.
 * Source: EC2 User Guide, "Instance metadata categories".
 */
export function metadataTree(facts: InstanceMetadataFacts): MetadataTree {
  const { interfaces, key, services, tags = {}, disks = {} } = facts
  return {
    'meta-data': {
      ...basics(facts),
      ...addresses(facts),
      'block-device-mapping': devices(facts),
      events,
      metrics,
      network: { interfaces: { macs: dictionaryOf(interfaces.map((it) => [it.mac, interfaceTree(it)])) } },
      placement: placement(facts),
      ...(key && { 'public-keys': publicKeys(key) }),
      services,
      ...(Object.keys(tags).length > 0 && { tags: { instance: tags } }),
    },
    dynamic: {
      fws: { 'instance-monitoring': facts.detailedMonitoring ? 'enabled' : 'disabled' },
      'instance-identity': { document: identityDocument(facts) },
      ...(Object.keys(disks).length > 0 && { disks }),
    },
  }
}

// The same objects for all guests: a region has a hundred thousand.
const events = { maintenance: { history: '[]', scheduled: '[]' } }
const metrics = { vhostmd: '<?xml version="1.0" encoding="UTF-8"?>' }

function basics(facts: InstanceMetadataFacts): Texts {
  return {
    'ami-id': facts.image,
    'ami-launch-index': String(facts.launchIndex),
    'ami-manifest-path': facts.manifestPath ?? '(unknown)',
    'instance-action': 'none',
    'instance-id': facts.instance,
    'instance-life-cycle': facts.lifeCycle ?? 'on-demand',
    'instance-type': facts.type,
    ...(facts.kernel && { 'kernel-id': facts.kernel }),
    profile: `default-${facts.virtualization}`,
    ...(facts.ramdisk && { 'ramdisk-id': facts.ramdisk }),
    'reservation-id': facts.reservation,
    system: facts.hypervisor,
  }
}

function addresses({ hostname, interfaces: [primary] }: InstanceMetadataFacts): Texts {
  const [{ address, public: leading }] = primary.addresses
  const six = primary.six?.addresses[0]
  return {
    hostname,
    ...(six !== undefined && { ipv6: six }),
    'local-hostname': hostname,
    'local-ipv4': address,
    mac: primary.mac,
    ...(leading && { 'public-ipv4': leading.address }),
    ...(leading?.hostname !== undefined && { 'public-hostname': leading.hostname }),
    'security-groups': primary.groups.map((it) => it.name).join('\n'),
  }
}

/** `ami` and `root` are one device; only `root` says /dev. Source: the block device mapping of an m1.small, in the User Guide. */
function devices({ rootDevice, blockDevices }: InstanceMetadataFacts): Texts {
  return { ami: rootDevice.replace(/^\/dev\//, ''), root: rootDevice, ...blockDevices }
}

/** Guess: that `public-hostname` is that of the first address that has one. */
function interfaceTree(it: InterfaceFacts): MetadataTree {
  const leading = it.addresses.flatMap(({ address, public: to }) => (to ? [{ ...to, to: address }] : []))
  return {
    'device-number': String(it.deviceNumber),
    'interface-id': it.id,
    ...(leading.length > 0 && {
      'ipv4-associations': dictionaryOf(leading.map(({ address, to }) => [address, to])),
    }),
    ...sixTree(it),
    'local-hostname': it.hostname,
    'local-ipv4s': it.addresses.map(({ address }) => address).join('\n'),
    mac: it.mac,
    'owner-id': it.owner,
    ...(leading[0] && {
      ...(leading[0].hostname !== undefined && { 'public-hostname': leading[0].hostname }),
      'public-ipv4s': leading.map(({ address }) => address).join('\n'),
    }),
    'security-group-ids': it.groups.map(({ id }) => id).join('\n'),
    'security-groups': it.groups.map(({ name }) => name).join('\n'),
    'subnet-id': it.subnet.id,
    'subnet-ipv4-cidr-block': it.subnet.cidr,
    'vpc-id': it.vpc.id,
    'vpc-ipv4-cidr-block': it.vpc.cidrs[0],
    'vpc-ipv4-cidr-blocks': it.vpc.cidrs.join('\n'),
  }
}

function sixTree({ six }: InterfaceFacts): Texts {
  if (!six) return {}
  return {
    ...(six.addresses.length > 0 && { ipv6s: six.addresses.join('\n') }),
    ...(six.subnet !== undefined && { 'subnet-ipv6-cidr-blocks': six.subnet }),
    ...(six.vpc.length > 0 && { 'vpc-ipv6-cidr-blocks': six.vpc.join('\n') }),
  }
}

function placement(facts: InstanceMetadataFacts): Texts {
  return { 'availability-zone': facts.zone, 'availability-zone-id': facts.zoneId, region: facts.region }
}

/**
 * The listing is `0=NAME`, though the directory is called `0`. Source: EC2 User Guide, "Access instance metadata".
 * Guess: that the key ends with a newline, which images need that append it to their authorized_keys.
 */
function publicKeys({ name, publicKey }: { name: string; publicKey: string }): MetadataTree {
  return { '': `0=${name}`, 0: { 'openssh-key': `${publicKey.trimEnd()}\n` } }
}
