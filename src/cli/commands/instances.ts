import type { InstanceStateChange } from '@aws-sdk/client-ec2'
import { command } from '../command.ts'
import type { Line } from '../lines.ts'
import { filters, someWords, toggle, words } from '../params.ts'
import { reservationLines } from '../records/instance.ts'

/** Source: euca2ools 3.4, `--help` of describe-instances. */
const instanceFilters = filters(
  ...['architecture', 'association.allocation-id', 'association.association-id', 'association.ip-owner-id'],
  ...['association.public-ip', 'availability-zone', 'block-device-mapping.attach-time'],
  ...['block-device-mapping.delete-on-termination', 'block-device-mapping.device-name', 'block-device-mapping.status'],
  ...['block-device-mapping.volume-id', 'client-token', 'dns-name', 'group-id', 'group-name', 'hypervisor'],
  ...[
    'iam-instance-profile.arn',
    'image-id',
    'instance.group-id',
    'instance.group-name',
    'instance-id',
    'instance-lifecycle',
  ],
  ...[
    'instance-state-code',
    'instance-state-name',
    'instance-type',
    'ip-address',
    'kernel-id',
    'key-name',
    'launch-index',
  ],
  ...['launch-time', 'monitoring-state', 'network-interface.addresses.association.ip-owner-id'],
  ...['network-interface.addresses.association.public-ip', 'network-interface.addresses.primary'],
  ...['network-interface.addresses.private-ip-address', 'network-interface.attachment.attach-time'],
  ...['network-interface.attachment.attachment-id', 'network-interface.attachment.delete-on-termination'],
  ...['network-interface.attachment.device-index', 'network-interface.attachment.instance-owner-id'],
  ...['network-interface.attachment.status', 'network-interface.availability-zone', 'network-interface.description'],
  ...['network-interface.group-id', 'network-interface.group-name', 'network-interface.mac-address'],
  ...['network-interface.network-interface-id', 'network-interface.owner-id', 'network-interface.private-dns-name'],
  ...['network-interface.requester-id', 'network-interface.requester-managed', 'network-interface.status'],
  ...['network-interface.source-dest-check', 'network-interface.subnet-id', 'network-interface.vpc-id', 'owner-id'],
  ...[
    'placement-group-name',
    'platform',
    'private-dns-name',
    'private-ip-address',
    'product-code',
    'product-code.type',
  ],
  ...['ramdisk-id', 'reason', 'requester-id', 'reservation-id', 'root-device-name', 'root-device-type'],
  ...[
    'spot-instance-request-id',
    'state-reason-code',
    'state-reason-message',
    'subnet-id',
    'tag-key',
    'tag-value',
    'tag:KEY',
  ],
  ...['virtualization-type', 'vpc-id'],
)

export const instanceCommands = [
  command({
    name: 'describe-instances',
    summary: 'Show information about instances',
    params: { instances: words('INSTANCE', 'limit results to specific instances'), filters: instanceFilters },
    operation: 'DescribeInstances',
    request: ({ instances, filters }) => ({
      ...(instances.length > 0 && { InstanceIds: instances }),
      Filters: filters,
    }),
    render: (outputs) => outputs.flatMap((it) => it.Reservations ?? []).flatMap(reservationLines),
  }),
  command({
    name: 'terminate-instances',
    summary: 'Terminate one or more instances',
    params: { instances: someWords('INSTANCE', 'ID(s) of the instance(s) to terminate (at least 1 required)') },
    operation: 'TerminateInstances',
    request: ({ instances }) => ({ InstanceIds: instances }),
    render: (outputs) => outputs.flatMap((it) => it.TerminatingInstances ?? []).map(stateChangeLine),
  }),
  command({
    name: 'stop-instances',
    summary: 'Stop one or more running instances',
    params: {
      instances: someWords('INSTANCE', 'ID(s) of the instance(s) to stop (at least 1 required)'),
      force: toggle('-f, --force', 'immediately stop the instance(s), without giving them a chance to shut down'),
    },
    operation: 'StopInstances',
    // EC2's `Force` alone still lets the guest shut down first. Source: EC2 API Reference, StopInstances.
    request: ({ instances, force }) => ({
      InstanceIds: instances,
      ...(force && { Force: true, SkipOsShutdown: true }),
    }),
    render: (outputs) => outputs.flatMap((it) => it.StoppingInstances ?? []).map(stateChangeLine),
  }),
  command({
    name: 'start-instances',
    summary: 'Start one or more stopped instances',
    params: { instances: someWords('INSTANCE', 'ID(s) of the instance(s) to start (at least 1 required)') },
    operation: 'StartInstances',
    request: ({ instances }) => ({ InstanceIds: instances }),
    render: (outputs) => outputs.flatMap((it) => it.StartingInstances ?? []).map(stateChangeLine),
  }),
  command({
    name: 'reboot-instances',
    summary: 'Reboot one or more instances',
    params: { instances: someWords('INSTANCE', 'ID(s) of the instance(s) to reboot (at least 1 required)') },
    operation: 'RebootInstances',
    request: ({ instances }) => ({ InstanceIds: instances }),
    render: () => [],
  }),
]

function stateChangeLine({ InstanceId, PreviousState, CurrentState }: InstanceStateChange): Line {
  return ['INSTANCE', InstanceId, PreviousState?.Name, CurrentState?.Name]
}
