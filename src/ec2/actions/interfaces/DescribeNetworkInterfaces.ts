import { type LeadingAddress, publicNameOf } from '../../../control/addresses/of-interfaces.ts'
import { listInterfaces } from '../../../control/interfaces/find.ts'
import { withTags } from '../../../control/tags/tags.ts'
import { type Cloud, privateName, zoneId } from '../../../model/cloud.ts'
import { type FilterTable, type FilterValue, tagFilters } from '../../../query/filters.ts'
import { describe } from '../../action.ts'
import { type FullInterface, renderInterface } from '../../render/interface.ts'
import { addressOwner } from '../../render/private-addresses.ts'

interface Row extends FullInterface {
  readonly privateDns: string
  readonly publicDns: string | undefined
  readonly zoneId: string
}

/**
 * The caller's network interfaces.
 * Refuses: InvalidNetworkInterfaceID.NotFound.
 * Source: EC2 API Reference, DescribeNetworkInterfaces.
 */
export const DescribeNetworkInterfaces = describe('DescribeNetworkInterfaces', {
  async rows({ NetworkInterfaceIds }, { tx, caller, cloud }): Promise<Row[]> {
    const rows = await withTags(tx, await listInterfaces(tx, caller.account, NetworkInterfaceIds))
    return rows.map((it) => ({ ...it, ...namesOf(cloud, it) }))
  },
  key: (row) => row.id,
  filters: {
    ...tagFilters<Row>(),
    ...attachmentFilters(),
    'addresses.association.owner-id': ({ addresses }) => addresses.map((it) => it.public && addressOwner(it.public)),
    'addresses.association.public-ip': ({ addresses }) => addresses.map((it) => it.public?.publicAddress),
    'addresses.primary': ({ addresses }) => addresses.map((it) => it.primary),
    'addresses.private-ip-address': ({ addresses }) => addresses.map((it) => it.address),
    'association.allocation-id': associated((it) => (it.elastic === 1 ? it.id : undefined)),
    'association.association-id': associated((it) => it.associationId),
    'association.ip-owner-id': associated(addressOwner),
    'association.public-dns-name': ({ publicDns }) => publicDns,
    'association.public-ip': associated((it) => it.publicAddress),
    'availability-zone': ({ row }) => row.zone,
    'availability-zone-id': (row) => row.zoneId,
    description: ({ row }) => row.description,
    'group-id': ({ groups }) => groups.map((it) => it.id),
    'group-name': ({ groups }) => groups.map((it) => it.name),
    'interface-type': ({ isNat }) => (isNat ? 'nat_gateway' : 'interface'),
    'ipv6-addresses.ipv6-address': ({ six }) => six,
    'mac-address': ({ row }) => row.mac,
    'network-interface-id': ({ row }) => row.id,
    'operator.managed': () => false,
    'operator.principal': () => undefined,
    'owner-id': ({ row }) => row.accountId,
    'private-dns-name': ({ privateDns }) => privateDns,
    'private-ip-address': ({ row }) => row.privateAddress,
    'requester-id': () => undefined,
    'requester-managed': ({ isNat }) => isNat,
    'source-dest-check': ({ row }) => row.sourceDestCheck === 1,
    status: ({ row, isNat }) => (row.instanceId === null && !isNat ? 'available' : 'in-use'),
    'subnet-id': ({ row }) => row.subnetId,
    'vpc-id': ({ row }) => row.vpcId,
  },
  render: (row, { cloud }) => renderInterface(cloud, row),
  assemble: (items) => ({ NetworkInterfaces: items }),
})

/** Of the public address that leads to the primary private one. */
function associated(read: (address: LeadingAddress) => string | null | undefined): (row: Row) => FilterValue {
  return ({ addresses: [{ public: it }] }) => it && read(it)
}

function attachmentFilters(): FilterTable<Row> {
  const attached =
    <T>(read: (row: Row['row']) => T) =>
    ({ row }: Row) =>
      row.instanceId === null ? undefined : read(row)
  return {
    'attachment.attach-time': attached((row) => new Date(row.attachedAt ?? row.createdAt)),
    'attachment.attachment-id': attached((row) => row.attachmentId),
    'attachment.delete-on-termination': attached((row) => row.deleteOnTermination === 1),
    'attachment.device-index': attached((row) => row.deviceIndex),
    'attachment.instance-id': attached((row) => row.instanceId),
    'attachment.instance-owner-id': attached((row) => row.accountId),
    'attachment.nat-gateway-id': () => undefined,
    'attachment.status': attached((row) => row.attachmentState),
  }
}

function namesOf(cloud: Cloud, { row, addresses }: FullInterface): Pick<Row, 'privateDns' | 'publicDns' | 'zoneId'> {
  const leading = addresses[0].public
  return {
    privateDns: privateName(cloud, row.privateAddress),
    publicDns: leading && publicNameOf(cloud, leading),
    zoneId: zoneId(cloud, row.zone),
  }
}
