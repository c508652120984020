/**
 * What the control plane wants of a host. It goes down whole, with a generation that grows with every change; a host
 * that carried out generation N has nothing left of any wish older than N. No EC2 words: a host knows domains, disks,
 * vifs, routers and rules.
 */
import type { Difference } from '../base/difference.ts'
import type {
  AclId,
  DomainId,
  GroupId,
  HostId,
  ImageId,
  InstanceId,
  InterfaceId,
  ResourceId,
  SubnetId,
  VpcId,
} from '../model/ids.ts'
import type { DnsSpec } from './dns.ts'
import type { MetadataTree } from './metadata-tree.ts'
import type { PlugSpec, VolumesSpec } from './volumes.ts'

export interface HostSpec {
  readonly host: HostId
  readonly generation: number
  readonly domains: readonly DomainSpec[]
  readonly routers: readonly RouterSpec[]
  /** Only on a host that serves its zone's volumes. */
  readonly volumes?: VolumesSpec
  /** Only on the host that is the edge. */
  readonly edge?: EdgeSpec
}

/** What a host shall be, by how it differs from what it was told with generation `since`. */
export interface SpecChange {
  readonly host: HostId
  readonly since: number
  readonly generation: number
  /** Of all but the generation. */
  readonly difference: Difference
}

/** One virtual machine: an incarnation of an instance on this host. */
export interface DomainSpec {
  readonly id: DomainId
  readonly instance: InstanceId
  /** SMBIOS UUID, lower case, begins with `ec2`. */
  readonly uuid: string
  /** `off` presses the power button, and ends the domain after `graceMs`; at once, if that is 0. A domain that went off stays off. */
  readonly power: 'on' | 'off'
  readonly graceMs: number
  /** It has run: where it is not to be found, it is lost, and not started a second time with empty disks. */
  readonly begun: boolean
  /** How often a reboot was asked for since the domain was made. */
  readonly reboots: number
  /** This reboot stops half-way: the guest is off, its disks at rest, until this is said no more. */
  readonly holdReboot?: number
  readonly vcpus: number
  readonly memoryMiB: number
  /** At most this much CPU time, in cores: 0.5 is half of one core. */
  readonly cpuQuotaCores: number
  /** Relative share when CPUs are scarce: 100 for one ECU. */
  readonly cpuWeight: number
  readonly boot: BootSpec
  readonly disks: readonly DiskSpec[]
  /** Volumes that it has, from the start or since. */
  readonly plugs?: readonly PlugSpec[]
  /** In the order of their device index. */
  readonly vifs: readonly { readonly id: InterfaceId; readonly mac: string }[]
}

/**
 * Kernel and ramdisk live in the host's image cache as `<image>/<name>`. Without a kernel the firmware starts what is on the
 * first disk that can be started: BIOS unless `uefi` is said.
 */
export interface BootSpec {
  readonly image: ImageId
  readonly kernel?: string
  readonly ramdisk?: string
  /** Where kernel and ramdisk are, if not in the image's own folder. */
  readonly kernelImage?: ImageId
  readonly ramdiskImage?: ImageId
  readonly commandLine: string
  readonly firmware?: 'bios' | 'uefi'
}

/** `name` is the device name that the caller sees: `sda1`. The guest finds `serial` in the disk's serial number. */
export type DiskSpec = { readonly name: string; readonly serial: string } & (
  | { readonly kind: 'root'; readonly image: ImageId; readonly file: string; readonly sizeMiB: number }
  | { readonly kind: 'ephemeral'; readonly sizeMiB: number; readonly label: string }
  | { readonly kind: 'swap'; readonly sizeMiB: number }
)

/** One VPC's router on this host: where its vifs hang. Overlapping VPCs are apart because their routers are. */
export interface RouterSpec {
  readonly vpc: VpcId
  /** VXLAN network identifier, 1 to 2^24-1. */
  readonly vni: number
  /** The MTU that guests are told by DHCP. */
  readonly mtu: number
  /** All addresses of the VPC, of both versions of IP: what none of its routers knows of them is nowhere. */
  readonly cidrs: readonly string[]
  readonly subnets: readonly SubnetSpec[]
  readonly vifs: readonly VifSpec[]
  /** Every group that a vif here is in, and every group that one of their rules refers to. */
  readonly groups: readonly GroupSpec[]
  /** ACLs that subnets name. Absent: none. */
  readonly acls?: readonly AclSpec[]
  /** Where the VPC's addresses are: those on this host, too. */
  readonly routes: readonly RouteSpec[]
  /** What guests are told of names; absent where they have no name server here. */
  readonly dns?: DnsSpec
  /** Ways out of the VPC. */
  readonly tables: readonly TableSpec[]
  /** Absent: none of its guests has a way to the object store. */
  readonly objects?: ObjectsSpec
  /** Wires to routers of other VPCs on this host. */
  readonly wires: readonly WireSpec[]
}

/** Where guests reach the object store, which the router answers for, and who of them has a way there. */
export interface ObjectsSpec {
  readonly address: string
  readonly vifs: readonly InterfaceId[]
}

export interface SubnetSpec {
  readonly id: SubnetId
  readonly cidr: string
  /** What may pass its boundary; absent: everything. */
  readonly acl?: AclId
  /** The router's own address in the subnet: its first. */
  readonly gateway: string
  /** Its block of IPv6, and the router's address in that. */
  readonly ipv6?: { readonly cidr: string; readonly gateway: string }
  readonly dns: readonly string[]
  /** Empty: guests are told none. */
  readonly domainName: string
  /** Other DHCP options, by their names in dnsmasq and in RFC 2132: `ntp-server`, `netbios-ns`, `netbios-nodetype`. */
  readonly options?: Readonly<Record<string, readonly string[]>>
}

export interface VifSpec {
  readonly id: InterfaceId
  readonly domain: DomainId
  readonly mac: string
  readonly address: string
  /** What else it may be reached at, and send from. */
  readonly secondaryAddresses?: readonly string[]
  /** Addresses of IPv6, beside the one that the guest makes for its link; DHCPv6 gives it the first. */
  readonly ipv6?: readonly string[]
  readonly subnet: SubnetId
  readonly hostname: string
  readonly groups: readonly GroupId[]
  /** False lets the guest send and receive for other addresses than its own. */
  readonly sourceDestCheck: boolean
  readonly metadata: MetadataSpec
}

/** What the guest reads at 169.254.169.254. */
export interface MetadataSpec {
  readonly enabled: boolean
  readonly tokens: 'optional' | 'required'
  /** TTL of the packets that carry a token. 1 to 64. */
  readonly hopLimit: number
  /** Of directories `meta-data` and `dynamic`. */
  readonly tree: MetadataTree
  /** Raw user data, BASE64; absent where none was given. */
  readonly userData?: string
}

export interface GroupSpec {
  readonly id: GroupId
  readonly rules: readonly RuleSpec[]
  /** Addresses of its members, on every host, of IPv4 and IPv6. Only as fresh as the spec. */
  readonly members: readonly string[]
}

/** What may pass the boundary of a subnet, in both directions and packet by packet: the first rule that fits decides, else nothing. */
export interface AclSpec {
  readonly id: AclId
  readonly rules: readonly AclRuleSpec[]
}

export interface AclRuleSpec {
  /** Into the subnet, or out of it. */
  readonly direction: 'ingress' | 'egress'
  readonly action: 'allow' | 'deny'
  readonly protocol: number | 'all'
  /** As of `RuleSpec`. */
  readonly range?: { readonly from: number; readonly to: number }
  /** The other side's network. */
  readonly cidr: string
}

/** Lets traffic pass: there are no rules that forbid. */
export interface RuleSpec {
  readonly direction: 'ingress' | 'egress'
  /** IANA protocol number, or every protocol. */
  readonly protocol: number | 'all'
  /** TCP and UDP: first and last port. ICMP of both versions: type and code, -1 for any. Absent: all of the protocol. */
  readonly range?: { readonly from: number; readonly to: number }
  readonly peer: { readonly cidr: string } | { readonly group: GroupId }
}

export interface RouteSpec {
  readonly to: string
  /** Underlay address of the host that knows the way. */
  readonly via: string
}

/** Where packets from these sources go that leave the VPC: longest prefix wins, and what has no way is dropped. */
export interface TableSpec {
  /** Its own for life, and no other's in the cloud. 1 to 2^31-1. */
  readonly number: number
  /** Blocks of whole subnets: of no two tables the same. */
  readonly sources: readonly string[]
  readonly ways: readonly WaySpec[]
}

/** `via` another host's underlay address; to a vif that hangs here; over a wire; or nowhere, which hides shorter prefixes. */
export type WaySpec = { readonly to: string } & (
  | { readonly via: string }
  | { readonly vif: InterfaceId }
  | { readonly wire: WireId }
  | { readonly nowhere: true }
)

/** Both routers have it. From a wire a packet goes to a guest of the VPC that it leads into, and no further. */
export interface WireSpec {
  readonly id: WireId
  /** Whose router is at the other end, and all addresses of that VPC: packets from no other come in. */
  readonly to: VpcId
  readonly sources: readonly string[]
}

export type WireId = ResourceId<'vpc-peering-connection'>

/** Where overlays meet the outside: one-to-one NAT for each public address. */
export interface EdgeSpec {
  readonly networks: readonly EdgeNetworkSpec[]
  /** What those outside are told of names. */
  readonly dns?: DnsSpec
}

export interface EdgeNetworkSpec {
  readonly vpc: VpcId
  readonly vni: number
  readonly cidrs: readonly string[]
  readonly mtu: number
  readonly addresses: readonly { readonly publicAddress: string; readonly privateAddress: string }[]
  /** Networks of IPv6, which nobody translates: `open` ones go out and are reached, `outward` ones only go out. */
  readonly ipv6?: { readonly open: readonly string[]; readonly outward: readonly string[] }
  readonly routes: readonly RouteSpec[]
  readonly tables: readonly EdgeTableSpec[]
  /** Many-to-one NAT, for connections from inside alone. */
  readonly nats: readonly NatSpec[]
  /** ACLs that NATs name. Absent: none. */
  readonly acls?: readonly AclSpec[]
}

/** As TableSpec: which translation packets from these sources take. */
export interface EdgeTableSpec {
  readonly number: number
  readonly sources: readonly string[]
  readonly ways: readonly { readonly to: string; readonly by: 'own-address' | NatId }[]
}

export interface NatSpec {
  readonly id: NatId
  readonly publicAddress: string
  /** Of the subnet that it is in, where not everything may pass that. */
  readonly boundary?: { readonly cidr: string; readonly acl: AclId }
}

export type NatId = ResourceId<'natgateway'>

/** Identifies a host's place in the underlay, for whoever wires it. */
export interface HostPlace {
  readonly host: HostId
  readonly zone: string
  readonly underlayAddress: string
}
