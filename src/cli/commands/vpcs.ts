import { command } from '../command.ts'
import { tagLines } from '../lines.ts'
import { filters, words } from '../params.ts'
import { interfaceLines } from '../records/network-interface.ts'
import { subnetLines, vpcLines } from '../records/networks.ts'

/** Source: euca2ools 3.4, `--help` of describe-network-interfaces. */
const interfaceFilters = filters(
  ...[
    'addresses.association.owner-id',
    'addresses.association.public-ip',
    'addresses.primary',
    'addresses.private-ip-address',
  ],
  ...[
    'association.allocation-id',
    'association.association-id',
    'association.ip-owner-id',
    'association.public-dns-name',
  ],
  ...[
    'association.public-ip',
    'attachment.attach.time',
    'attachment.attachment-id',
    'attachment.delete-on-termination',
  ],
  ...['attachment.device-index', 'attachment.instance-id', 'attachment.instance-owner-id', 'attachment.status'],
  ...['availability-zone', 'description', 'group-id', 'group-name', 'mac-address', 'network-interface-id', 'owner-id'],
  ...['private-dns-name', 'private-ip-address', 'requester-id', 'requester-managed', 'source-dest-check', 'status'],
  ...['subnet-id', 'tag-key', 'tag-value', 'tag:KEY', 'vpc-id'],
)

export const vpcCommands = [
  command({
    name: 'describe-vpcs',
    summary: 'Show information about VPCs',
    params: {
      vpcs: words('VPC', 'limit results to specific VPCs'),
      filters: filters('cidr', 'dhcp-options-id', 'isDefault', 'state', 'tag-key', 'tag-value', 'tag:KEY', 'vpc-id'),
    },
    operation: 'DescribeVpcs',
    request: ({ vpcs, filters }) => ({ ...(vpcs.length > 0 && { VpcIds: vpcs }), Filters: filters }),
    render: (outputs) => outputs.flatMap((it) => it.Vpcs ?? []).flatMap(vpcLines),
  }),
  command({
    name: 'describe-subnets',
    summary: 'Show information about one or more VPC subnets',
    params: {
      subnets: words('SUBNET', 'limit results to specific subnets'),
      filters: filters(
        ...['availability-zone', 'available-ip-address-count', 'cidr-block', 'default-for-az', 'state', 'subnet-id'],
        ...['tag-key', 'tag-value', 'tag:KEY', 'vpc-id'],
      ),
    },
    operation: 'DescribeSubnets',
    request: ({ subnets, filters }) => ({ ...(subnets.length > 0 && { SubnetIds: subnets }), Filters: filters }),
    render: (outputs) => outputs.flatMap((it) => it.Subnets ?? []).flatMap(subnetLines),
  }),
  command({
    name: 'describe-network-interfaces',
    summary: 'Show information about VPC network interfaces',
    params: {
      interfaces: words('INTERFACE', 'limit results to specific network interfaces'),
      filters: interfaceFilters,
    },
    operation: 'DescribeNetworkInterfaces',
    request: ({ interfaces, filters }) => ({
      ...(interfaces.length > 0 && { NetworkInterfaceIds: interfaces }),
      Filters: filters,
    }),
    render: (outputs) =>
      outputs
        .flatMap((it) => it.NetworkInterfaces ?? [])
        .flatMap((it) => [...interfaceLines(it), ...tagLines(it.NetworkInterfaceId, it.TagSet)]),
  }),
]
