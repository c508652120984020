/** VPCs, subnets and DHCP options. Source: euca2ools 3.4, arguments and lines. */
import { command } from '../command.ts'
import { filters, needed, someWords, splitAtEquals, UsageError, value, word, words } from '../params.ts'
import { dhcpOptionsLines, internetGatewayLines, subnetLines, vpcLines } from '../records/networks.ts'

const dhcpKeys = ['domain-name-servers', 'domain-name', 'ntp-servers', 'netbios-name-servers', 'netbios-node-type']

function dhcpOption(text: string): { Key: string; Values: string[] } {
  const { key, value: values } = splitAtEquals(text)
  if (values === undefined) throw new UsageError(`value '${text}' must have form KEY=VALUE,VALUE,...`)
  if (!dhcpKeys.includes(key))
    throw new UsageError(`'${key}' is not a valid DHCP option; choose from ${dhcpKeys.join(', ')}`)
  return { Key: key, Values: values.split(',') }
}

export const networkCommands = [
  command({
    name: 'create-vpc',
    summary: 'Create a new VPC',
    params: { cidr: word('CIDR', 'CIDR address block for the new VPC (required)') },
    operation: 'CreateVpc',
    request: ({ cidr }) => ({ CidrBlock: cidr }),
    render: (outputs) => outputs.flatMap((it) => vpcLines(it.Vpc ?? {})),
  }),
  command({
    name: 'delete-vpc',
    summary: 'Delete a VPC',
    params: { vpc: word('VPC', 'ID of the VPC to delete (required)') },
    operation: 'DeleteVpc',
    request: ({ vpc }) => ({ VpcId: vpc }),
    render: (_, { vpc }) => [['VPC', vpc]],
  }),
  command({
    name: 'create-subnet',
    summary: 'Create a new VPC subnet',
    params: {
      vpc: needed('-c, --vpc VPC', 'ID of the VPC to create the new subnet in (required)'),
      cidr: needed('-i, --cidr CIDR', 'CIDR address block for the new subnet (required)'),
      zone: value('-z, --availability-zone ZONE', 'availability zone in which to create the new subnet'),
    },
    operation: 'CreateSubnet',
    request: ({ vpc, cidr, zone }) => ({
      VpcId: vpc,
      CidrBlock: cidr,
      ...(zone !== undefined && { AvailabilityZone: zone }),
    }),
    render: (outputs) => outputs.flatMap((it) => subnetLines(it.Subnet ?? {})),
  }),
  command({
    name: 'delete-subnet',
    summary: 'Delete a VPC subnet',
    params: { subnet: word('SUBNET', 'ID of the subnet to delete (required)') },
    operation: 'DeleteSubnet',
    request: ({ subnet }) => ({ SubnetId: subnet }),
    render: (_, { subnet }) => [['SUBNET', subnet]],
  }),
  command({
    name: 'create-internet-gateway',
    summary: 'Create a new Internet gateway',
    params: {},
    operation: 'CreateInternetGateway',
    request: () => ({}),
    render: (outputs) => outputs.flatMap((it) => internetGatewayLines(it.InternetGateway ?? {})),
  }),
  command({
    name: 'delete-internet-gateway',
    summary: 'Delete an Internet gateway',
    params: { gateway: word('IGATEWAY', 'ID of the Internet gateway to delete (required)') },
    operation: 'DeleteInternetGateway',
    request: ({ gateway }) => ({ InternetGatewayId: gateway }),
    render: () => [],
  }),
  command({
    name: 'attach-internet-gateway',
    summary: 'Attach an Internet gateway to a VPC',
    params: {
      gateway: word('IGATEWAY', 'Internet gateway to attach (required)'),
      vpc: needed('-c, --vpc VPC', 'VPC to attach the Internet gateway to (required)'),
    },
    operation: 'AttachInternetGateway',
    request: ({ gateway, vpc }) => ({ InternetGatewayId: gateway, VpcId: vpc }),
    render: () => [],
  }),
  command({
    name: 'detach-internet-gateway',
    summary: 'Detach an Internet gateway from a VPC',
    params: {
      gateway: word('IGATEWAY', 'Internet gateway to detach (required)'),
      vpc: needed('-c, --vpc VPC', 'VPC to detach the Internet gateway from (required)'),
    },
    operation: 'DetachInternetGateway',
    request: ({ gateway, vpc }) => ({ InternetGatewayId: gateway, VpcId: vpc }),
    render: () => [],
  }),
  command({
    name: 'describe-internet-gateways',
    summary: 'Show information about Internet gateways',
    params: {
      gateways: words('IGATEWAY', 'limit results to specific Internet gateways'),
      filters: filters(
        ...['attachment.state', 'attachment.vpc-id', 'internet-gateway-id', 'tag-key', 'tag-value', 'tag:KEY'],
      ),
    },
    operation: 'DescribeInternetGateways',
    request: ({ gateways, filters }) => ({
      ...(gateways.length > 0 && { InternetGatewayIds: gateways }),
      Filters: filters,
    }),
    render: (outputs) => outputs.flatMap((it) => it.InternetGateways ?? []).flatMap(internetGatewayLines),
  }),
  command({
    name: 'create-dhcp-options',
    summary: 'Create a VPC DHCP option set',
    params: {
      options: someWords('KEY=VALUE,[VALUE,...]', `key and values of a DHCP option (of ${dhcpKeys.join(', ')})`),
    },
    operation: 'CreateDhcpOptions',
    request: ({ options }) => ({ DhcpConfigurations: options.map(dhcpOption) }),
    render: (outputs) => outputs.flatMap((it) => dhcpOptionsLines(it.DhcpOptions ?? {})),
  }),
  command({
    name: 'delete-dhcp-options',
    summary: 'Delete a VPC DHCP option set',
    params: { options: word('DHCPOPTS', 'ID of the DHCP option set to delete (required)') },
    operation: 'DeleteDhcpOptions',
    request: ({ options }) => ({ DhcpOptionsId: options }),
    render: (_, { options }) => [['DHCPOPTIONS', options]],
  }),
  command({
    name: 'associate-dhcp-options',
    summary: 'Associate a DHCP option set with a VPC',
    params: {
      options: word('DHCPOPTS', 'ID of the DHCP option set to associate, or "default" (required)'),
      vpc: needed('-c, --vpc VPC', 'ID of the VPC to associate the DHCP option set with (required)'),
    },
    operation: 'AssociateDhcpOptions',
    request: ({ options, vpc }) => ({ DhcpOptionsId: options, VpcId: vpc }),
    render: (_, { options, vpc }) => [['DHCPOPTIONS', options, vpc]],
  }),
  command({
    name: 'describe-dhcp-options',
    summary: 'Show information about VPC DHCP option sets',
    params: {
      options: words('DHCPOPTS', 'limit results to specific DHCP option sets'),
      filters: filters('dhcp-options-id', 'key', 'value', 'tag-key', 'tag-value', 'tag:KEY'),
    },
    operation: 'DescribeDhcpOptions',
    request: ({ options, filters }) => ({ ...(options.length > 0 && { DhcpOptionsIds: options }), Filters: filters }),
    render: (outputs) => outputs.flatMap((it) => it.DhcpOptions ?? []).flatMap(dhcpOptionsLines),
  }),
]
