/** Elastic addresses, by themselves as in EC2-Classic or by their ids. Source: euca2ools 3.4. */
import { command } from '../command.ts'
import { tagLines } from '../lines.ts'
import { filters, toggle, UsageError, value, words } from '../params.ts'

/** The address, or the id in its place: one of them. */
function oneOf(addresses: readonly string[], id: string | undefined, flag: string): string | undefined {
  const [address, ...more] = addresses
  if (more.length > 0) throw new UsageError(`unrecognized arguments: ${more.join(' ')}`)
  if (address !== undefined && id !== undefined) throw new UsageError(`argument ${flag}: not allowed with argument IP`)
  if (address === undefined && id === undefined) throw new UsageError(`one of the arguments IP ${flag} is required`)
  return address
}

const isAddress = (text: string) => !text.startsWith('eipalloc-')

export const addressCommands = [
  command({
    name: 'allocate-address',
    summary: 'Allocate a public IP address',
    params: { domain: value('-d, --domain DOMAIN', 'allocate the address for use in a VPC', { choices: ['vpc'] }) },
    operation: 'AllocateAddress',
    request: ({ domain }) => ({ ...(domain !== undefined && { Domain: 'vpc' as const }) }),
    render: (outputs) => outputs.map((it) => ['ADDRESS', it.PublicIp, it.Domain || 'standard', it.AllocationId]),
  }),
  command({
    name: 'associate-address',
    summary: 'Associate an elastic IP address with an instance or network interface',
    params: {
      address: words('IP', 'IP address to associate'),
      allocation: value('-a, --allocation-id ALLOC', 'allocation ID of the address to associate'),
      instance: value('-i, --instance-id INSTANCE', 'instance to associate the address with'),
      nic: value('-n, --network-interface IFACE', 'network interface to associate the address with'),
      privately: value('-p, --private-ip-address IP', 'private address to associate the address with'),
      move: toggle('--allow-reassociation', 'move the address if it is associated with something else'),
      stay: toggle('--no-allow-reassociation', 'do not move the address if it is associated with something else'),
    },
    exclusive: [['move', 'stay']],
    oneOf: ['instance', 'nic'],
    operation: 'AssociateAddress',
    request({ address, allocation, instance, nic, privately, move, stay }) {
      const named = oneOf(address, allocation, '-a/--allocation-id')
      return {
        ...(named !== undefined && isAddress(named) ? { PublicIp: named } : { AllocationId: allocation ?? named }),
        ...(instance !== undefined && { InstanceId: instance }),
        ...(nic !== undefined && { NetworkInterfaceId: nic }),
        ...(privately !== undefined && { PrivateIpAddress: privately }),
        ...((move || stay) && { AllowReassociation: move }),
      }
    },
    render: (outputs, { address: [address], allocation, instance, nic, privately }) =>
      outputs.map((it) =>
        address === undefined
          ? ['ADDRESS', instance ?? nic, allocation, it.AssociationId, privately]
          : ['ADDRESS', address, instance ?? nic],
      ),
  }),
  command({
    name: 'disassociate-address',
    summary: 'Disassociate an elastic IP address from an instance',
    params: {
      address: words('IP', 'IP address to disassociate'),
      association: value('-a, --association-id ASSOC', 'ID of the association to end'),
    },
    operation: 'DisassociateAddress',
    request({ address, association }) {
      const named = oneOf(address, association, '-a/--association-id')
      return named === undefined ? { AssociationId: association } : { PublicIp: named }
    },
    render: (_, { address: [address], association }) => [['ADDRESS', address ?? association]],
  }),
  command({
    name: 'release-address',
    summary: 'Release an allocated address',
    params: {
      address: words('IP', 'IP address to release'),
      allocation: value('-a, --allocation-id ALLOC', 'allocation ID of the address to release'),
    },
    operation: 'ReleaseAddress',
    request({ address, allocation }) {
      const named = oneOf(address, allocation, '-a/--allocation-id')
      return named === undefined ? { AllocationId: allocation } : { PublicIp: named }
    },
    render: (_, { address: [address], allocation }) => [['ADDRESS', address, allocation]],
  }),
  command({
    name: 'describe-addresses',
    summary: 'Show information about elastic IP addresses',
    params: {
      addresses: words('ADDRESS', 'limit results to specific addresses, by IP or allocation ID'),
      filters: filters(
        ...['allocation-id', 'association-id', 'domain', 'instance-id', 'network-interface-id'],
        ...['network-interface-owner-id', 'private-ip-address', 'public-ip', 'tag-key', 'tag-value', 'tag:KEY'],
      ),
    },
    operation: 'DescribeAddresses',
    request({ addresses, filters }) {
      const [ips, ids] = [addresses.filter(isAddress), addresses.filter((it) => !isAddress(it))]
      return {
        Filters: filters,
        ...(ips.length > 0 && { PublicIps: ips }),
        ...(ids.length > 0 && { AllocationIds: ids }),
      }
    },
    render: (outputs) =>
      outputs
        .flatMap((it) => it.Addresses ?? [])
        .flatMap((it) => [
          [
            ...['ADDRESS', it.PublicIp, it.InstanceId, it.Domain || 'standard', it.AllocationId, it.AssociationId],
            ...[it.NetworkInterfaceId, it.PrivateIpAddress],
          ],
          ...tagLines(it.AllocationId, it.Tags),
        ]),
  }),
]
