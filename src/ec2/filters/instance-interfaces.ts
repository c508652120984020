/** Filters of DescribeInstances that look at interfaces. Source: EC2 API Reference, DescribeInstances. */

import type { InterfaceAddress, LeadingAddress } from '../../control/addresses/of-interfaces.ts'
import type { AttachedInterface } from '../../control/instances/find.ts'
import { absent, type FilterTable } from '../../query/filters.ts'
import { addressOwner } from '../render/private-addresses.ts'
import type { FilteredInstance } from './instances.ts'

type Row = FilteredInstance
type Value = string | number | boolean | undefined

/** Of all interfaces of an instance together. */
const each =
  (read: (nic: AttachedInterface['row']) => Value | null) =>
  ({ interfaces }: Row) =>
    interfaces.map((it) => read(it.row) ?? undefined)

const groupIds = ({ interfaces }: Row) => interfaces.flatMap((it) => it.groups.map((group) => group.id))
const groupNames = ({ interfaces }: Row) => interfaces.flatMap((it) => it.groups.map((group) => group.name))
const eachSix = ({ interfaces }: Row) => interfaces.flatMap((it) => it.six)
/** Of all private addresses of all interfaces of an instance together. */
const eachAddress =
  (read: (address: InterfaceAddress) => Value | null) =>
  ({ interfaces }: Row) =>
    interfaces.flatMap((it) => it.addresses.map((address) => read(address) ?? undefined))

/** Of the public addresses that lead to primary private ones. */
const associated = (read: (address: LeadingAddress) => Value | null) =>
  eachAddress((it) => (it.primary && it.public ? read(it.public) : undefined))
const eachPublic = (read: (address: LeadingAddress) => Value | null) =>
  eachAddress((it) => it.public && read(it.public))
const allocation = (it: LeadingAddress) => (it.elastic === 1 ? it.id : undefined)
const publicAddress = (it: LeadingAddress) => it.publicAddress
const association = (it: LeadingAddress) => it.associationId
const publicDns = (row: Row) => row.publicDns
const privateDns = (row: Row) => row.privateDns

export const interfaceFilters: FilterTable<Row> = {
  'group-id': groupIds,
  'group-name': groupNames,
  'instance.group-id': groupIds,
  'instance.group-name': groupNames,
  'network-interface.addresses.association.ip-owner-id': eachPublic(addressOwner),
  'network-interface.addresses.association.public-dns-name': publicDns,
  'network-interface.addresses.association.public-ip': eachPublic(publicAddress),
  'network-interface.addresses.association.allocation-id': eachPublic(allocation),
  'network-interface.addresses.association.association-id': eachPublic(association),
  'network-interface.association.allocation-id': associated(allocation),
  'network-interface.association.association-id': associated(association),
  'network-interface.addresses.primary': eachAddress((it) => it.primary),
  'network-interface.addresses.private-dns-name': privateDns,
  'network-interface.addresses.private-ip-address': eachAddress((it) => it.address),
  'network-interface.association.ip-owner-id': associated(addressOwner),
  'network-interface.association.public-dns-name': publicDns,
  'network-interface.association.public-ip': associated(publicAddress),
  'network-interface.attachment.attach-time': each((nic) => new Date(nic.attachedAt ?? nic.createdAt).toISOString()),
  'network-interface.attachment.attachment-id': each((nic) => nic.attachmentId),
  'network-interface.attachment.delete-on-termination': each((nic) => nic.deleteOnTermination === 1),
  'network-interface.attachment.device-index': each((nic) => nic.deviceIndex),
  'network-interface.attachment.instance-id': each((nic) => nic.instanceId),
  'network-interface.attachment.instance-owner-id': each((nic) => nic.accountId),
  'network-interface.attachment.network-card-index': each(() => 0),
  'network-interface.attachment.status': each((nic) => nic.attachmentState),
  'network-interface.availability-zone': each((nic) => nic.zone),
  'network-interface.deny-all-igw-traffic': each(() => false),
  'network-interface.description': each((nic) => nic.description),
  'network-interface.group-id': groupIds,
  'network-interface.group-name': groupNames,
  'network-interface.ipv6-address': eachSix,
  'network-interface.ipv6-addresses.ipv6-address': eachSix,
  'network-interface.ipv6-addresses.is-primary-ipv6': (row) => eachSix(row).map(() => false),
  'network-interface.ipv6-native': each(() => false),
  'network-interface.mac-address': each((nic) => nic.mac),
  'network-interface.network-interface-id': each((nic) => nic.id),
  'network-interface.operator.managed': each(() => false),
  'network-interface.owner-id': each((nic) => nic.accountId),
  'network-interface.private-dns-name': privateDns,
  'network-interface.private-ip-address': each((nic) => nic.privateAddress),
  'network-interface.public-dns-name': publicDns,
  'network-interface.requester-managed': each(() => false),
  'network-interface.source-dest-check': each((nic) => nic.sourceDestCheck === 1),
  'network-interface.status': each(() => 'in-use'),
  'network-interface.subnet-id': each((nic) => nic.subnetId),
  'network-interface.tag-key': ({ interfaceTags }) => interfaceTags.flatMap((it) => Object.keys(it)),
  'network-interface.tag-value': ({ interfaceTags }) => interfaceTags.flatMap((it) => Object.values(it)),
  'network-interface.vpc-id': each((nic) => nic.vpcId),
  ...absent(
    'network-interface.addresses.association.carrier-ip',
    'network-interface.addresses.association.customer-owned-ip',
    'network-interface.association.carrier-ip',
    'network-interface.association.customer-owned-ip',
    'network-interface.ipv4-prefixes.ipv4-prefix',
    'network-interface.ipv6-prefixes.ipv6-prefix',
    'network-interface.operator.principal',
    'network-interface.outpost-arn',
    'network-interface.requester-id',
  ),
}
