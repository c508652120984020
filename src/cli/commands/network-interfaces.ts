/** Network interfaces and their private addresses. Source: euca2ools 3.4, which prints nothing where these print nothing. */
import { command } from '../command.ts'
import { needed, toggle, UsageError, value, values, wholeNumber, word, words } from '../params.ts'
import { interfaceLines } from '../records/network-interface.ts'

const secondaryAddresses = (help: string) => values('--secondary-address, --secondary-private-ip-address ADDRESS', help)
const secondaryCount = value(
  '--secondary-count, --secondary-private-ip-address-count COUNT',
  'number of secondary private IP addresses to choose and assign',
  { parse: wholeNumber },
)
const interfaceFlag = value('-n, --network-interface INTERFACE', 'ID of the network interface (required)')
/** The same without its flag, as the oldest tools took it. */
const positionalInterface = words('INTERFACE', 'ID of the network interface, in place of -n')

function interfaceOf(flag: string | undefined, positional: readonly string[]): string {
  const [first, ...more] = [...(flag === undefined ? [] : [flag]), ...positional]
  if (first === undefined) throw new UsageError('argument -n/--network-interface is required')
  if (more.length > 0) throw new UsageError(`unrecognized arguments: ${more.join(' ')}`)
  return first
}

export const networkInterfaceCommands = [
  command({
    name: 'create-network-interface',
    summary: 'Create a new VPC network interface',
    params: {
      subnet: word('SUBNET', 'subnet to create the new network interface in (required)'),
      description: value('-d, --description DESC', 'description for the new network interface'),
      groups: values(
        '-g, --group GROUP',
        'ID of a security group to add the new network interface to (may be repeated)',
      ),
      primary: value('--private-ip-address ADDRESS', 'assign a specific primary private IP address'),
      secondary: secondaryAddresses('assign a specific secondary private IP address (may be repeated)'),
      count: secondaryCount,
    },
    exclusive: [['secondary', 'count']],
    operation: 'CreateNetworkInterface',
    request({ subnet, description, groups, primary, secondary, count }) {
      const addresses = [
        ...(primary === undefined ? [] : [{ PrivateIpAddress: primary, Primary: true }]),
        ...secondary.map((it) => ({ PrivateIpAddress: it, Primary: false })),
      ]
      return {
        SubnetId: subnet,
        ...(description !== undefined && { Description: description }),
        ...(groups.length > 0 && { Groups: groups }),
        ...(addresses.length > 0 && { PrivateIpAddresses: addresses }),
        ...(count !== undefined && { SecondaryPrivateIpAddressCount: count }),
      }
    },
    render: (outputs) => outputs.flatMap((it) => interfaceLines(it.NetworkInterface ?? {})),
  }),
  command({
    name: 'delete-network-interface',
    summary: 'Delete a VPC network interface',
    params: { nic: word('INTERFACE', 'ID of the network interface to delete (required)') },
    operation: 'DeleteNetworkInterface',
    request: ({ nic }) => ({ NetworkInterfaceId: nic }),
    render: () => [],
  }),
  command({
    name: 'attach-network-interface',
    summary: 'Attach a VPC network interface to an instance',
    params: {
      nic: word('INTERFACE', 'network interface to attach to the instance (required)'),
      instance: needed('-i, --instance INSTANCE', 'instance to attach the network interface to (required)'),
      index: needed('-d, --device-index INT', 'device index to attach the network interface with (required)'),
    },
    operation: 'AttachNetworkInterface',
    request: ({ nic, instance, index }) => ({
      NetworkInterfaceId: nic,
      InstanceId: instance,
      DeviceIndex: wholeNumber(index),
    }),
    render: (outputs) => outputs.map((it) => [it.AttachmentId]),
  }),
  command({
    name: 'detach-network-interface',
    summary: 'Detach a VPC network interface from an instance',
    params: {
      attachment: word('ATTACHMENT', 'ID of the network interface attachment (required)'),
      force: toggle('-f, --force', 'force the network interface to detach immediately'),
    },
    operation: 'DetachNetworkInterface',
    request: ({ attachment, force }) => ({ AttachmentId: attachment, ...(force && { Force: true }) }),
    render: () => [],
  }),
  command({
    name: 'assign-private-ip-addresses',
    summary: 'Assign one or more private IP addresses to a network interface',
    params: {
      positional: positionalInterface,
      nic: interfaceFlag,
      addresses: secondaryAddresses('assign a specific secondary private IP address (may be repeated)'),
      count: secondaryCount,
      reassign: toggle('--allow-reassignment', 'take addresses from other interfaces that have them'),
    },
    oneOf: ['addresses', 'count'],
    operation: 'AssignPrivateIpAddresses',
    request: ({ positional, nic, addresses, count, reassign }) => ({
      NetworkInterfaceId: interfaceOf(nic, positional),
      ...(addresses.length > 0 && { PrivateIpAddresses: addresses }),
      ...(count !== undefined && { SecondaryPrivateIpAddressCount: count }),
      ...(reassign && { AllowReassignment: true }),
    }),
    render: () => [],
  }),
  command({
    name: 'unassign-private-ip-addresses',
    summary: 'Remove one or more private IP addresses from a network interface',
    params: {
      positional: positionalInterface,
      nic: interfaceFlag,
      addresses: secondaryAddresses('an IP address to remove from the network interface (may be repeated)'),
    },
    oneOf: ['addresses'],
    operation: 'UnassignPrivateIpAddresses',
    request: ({ positional, nic, addresses }) => ({
      NetworkInterfaceId: interfaceOf(nic, positional),
      PrivateIpAddresses: addresses,
    }),
    render: () => [],
  }),
]
