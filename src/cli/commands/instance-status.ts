import type { InstanceStatus, InstanceStatusDetails } from '@aws-sdk/client-ec2'
import { command } from '../command.ts'
import type { Line } from '../lines.ts'
import { filters, toggle, words } from '../params.ts'

export const instanceStatusCommands = [
  command({
    name: 'describe-instance-status',
    summary: 'Show information about instance status and scheduled events',
    params: {
      instances: words('INSTANCE', 'limit results to specific instances'),
      hideHealthy: toggle('--hide-healthy', 'hide instances where all status checks pass'),
      all: toggle('--include-all-instances', 'show all instances, not just those that are running'),
      filters: filters(
        ...[
          'availability-zone',
          'event.code',
          'event.description',
          'event.not-after',
          'event.not-before',
          'instance-state-code',
        ],
        ...[
          'instance-state-name',
          'instance-status.reachability',
          'instance-status.status',
          'system-status.reachability',
        ],
        'system-status.status',
      ),
    },
    operation: 'DescribeInstanceStatus',
    request: ({ instances, all, filters }) => ({
      Filters: filters,
      ...(instances.length > 0 && { InstanceIds: instances }),
      ...(all && { IncludeAllInstances: true }),
    }),
    render: (outputs, { hideHealthy }) =>
      outputs
        .flatMap((it) => it.InstanceStatuses ?? [])
        .filter((it) => !hideHealthy || !isHealthy(it))
        .flatMap(statusLines),
  }),
]

function isHealthy({ SystemStatus, InstanceStatus }: InstanceStatus): boolean {
  return SystemStatus?.Status === 'ok' && InstanceStatus?.Status === 'ok'
}

/** Whether and since when an instance retires is not in EC2's answer: its first event tells. Source: euca2ools 3.4. */
function statusLines(it: InstanceStatus): Line[] {
  const events = it.Events ?? []
  const starts = events
    .flatMap(({ NotBefore }) => (NotBefore ? [NotBefore] : []))
    .sort((a, b) => a.getTime() - b.getTime())
  return [
    [
      ...['INSTANCE', it.InstanceId, it.AvailabilityZone, it.InstanceState?.Name, it.InstanceState?.Code],
      ...[it.InstanceStatus?.Status, it.SystemStatus?.Status, events.length > 0 ? 'retiring' : 'active', starts[0]],
    ],
    ...detailLines('SYSTEMSTATUS', it.SystemStatus?.Details),
    ...detailLines('INSTANCESTATUS', it.InstanceStatus?.Details),
    ...events.map((event) => ['EVENT', event.Code, event.NotBefore, event.NotAfter, event.Description]),
  ]
}

function detailLines(kind: string, details: readonly InstanceStatusDetails[] = []): Line[] {
  return details.map((it) => [kind, it.Name, it.Status, it.ImpairedSince])
}
