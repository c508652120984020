import type { InstanceStatus, InstanceStatusSummary } from '@aws-sdk/client-ec2'
import { isToCome } from '../../../control/hosts/heard.ts'
import { listInstances } from '../../../control/instances/find.ts'
import { impairedVolumes } from '../../../control/volumes/impaired.ts'
import { zoneId } from '../../../model/cloud.ts'
import type { InstanceId } from '../../../model/ids.ts'
import { instanceStates, stateOf } from '../../../model/instance-states.ts'
import { absent } from '../../../query/filters.ts'
import type { Reader } from '../../../store/store.ts'
import type { DomainFactRow, InstanceRow } from '../../../store/tables/resources.ts'
import { describe } from '../../action.ts'

/** Source: EC2 API Reference, "InstanceStatusDetails": the reachability that goes with each status. */
const reachabilities = {
  ok: 'passed',
  impaired: 'failed',
  initializing: 'initializing',
  'insufficient-data': 'insufficient-data',
  'not-applicable': undefined,
} as const
type Status = keyof typeof reachabilities

interface Row extends InstanceRow {
  readonly zoneId: string
  readonly instance: Status
  readonly system: Status
  readonly volumes: Status
}

/**
 * Whether running instances, or all with `IncludeAllInstances`, are well: the instance by its domain, the system by its
 * host, its volumes by their files.
 * Refuses: InvalidInstanceID.*.
 * Source: EC2 API Reference, DescribeInstanceStatus; EC2 User Guide, "Status checks for Amazon EC2 instances".
 */
export const DescribeInstanceStatus = describe('DescribeInstanceStatus', {
  async rows({ InstanceIds, IncludeAllInstances = false }, { tx, caller, cloud }): Promise<Row[]> {
    const all = await listInstances(tx, caller.account, InstanceIds)
    const shown = all.filter((row) => IncludeAllInstances || row.state === 'running')
    const { facts, connected } = await newsOf(tx, shown)
    const broken = await withBrokenVolumes(tx)
    return shown.map((row) => ({
      ...row,
      zoneId: zoneId(cloud, row.zone),
      instance: instanceStatus(row, facts.get(row.domainId)),
      system: systemStatus(row, connected.has(row.hostId ?? '')),
      volumes: volumesStatus(row, broken),
    }))
  },
  key: (row) => row.id,
  filters: {
    'availability-zone': (row) => row.zone,
    'availability-zone-id': (row) => row.zoneId,
    'operator.managed': () => false,
    ...absent(
      'application-status.status',
      'event.code',
      'event.description',
      'event.instance-event-id',
      'event.not-after',
      'event.not-before',
      'event.not-before-deadline',
      'operator.principal',
    ),
    'attached-ebs-status.reachability': (row) => reachabilities[row.volumes],
    'attached-ebs-status.status': (row) => row.volumes,
    'instance-state-code': (row) => instanceStates[row.state].code,
    'instance-state-name': (row) => row.state,
    'instance-status.reachability': (row) => reachabilities[row.instance],
    'instance-status.status': (row) => row.instance,
    'system-status.reachability': (row) => reachabilities[row.system],
    'system-status.status': (row) => row.system,
  },
  render: (row): InstanceStatus => ({
    InstanceId: row.id,
    AvailabilityZone: row.zone,
    AvailabilityZoneId: row.zoneId,
    InstanceState: stateOf(row.state),
    InstanceStatus: summary(row.instance),
    SystemStatus: summary(row.system),
    AttachedEbsStatus: summary(row.volumes),
    Events: [],
  }),
  assemble: (items) => ({ InstanceStatuses: items }),
})

async function newsOf(reader: Reader, rows: readonly InstanceRow[]) {
  const domains = rows.map((row) => row.domainId)
  const facts =
    domains.length === 0
      ? []
      : await reader.db.selectFrom('domainFacts').selectAll().where('id', 'in', domains).execute()
  const hosts = await reader.db.selectFrom('hosts').select('id').where('connected', '=', 1).execute()
  return { facts: new Map(facts.map((it) => [it.id, it])), connected: new Set(hosts.map((it) => it.id)) }
}

function instanceStatus({ state }: InstanceRow, fact: DomainFactRow | undefined): Status {
  if (state !== 'running') return 'not-applicable'
  if (!fact || isToCome(fact)) return 'initializing'
  return fact.state === 'running' ? 'ok' : 'impaired'
}

/** A host that is away tells nothing; its guests may be well. */
function systemStatus({ state }: InstanceRow, connected: boolean): Status {
  if (state !== 'running') return 'not-applicable'
  return connected ? 'ok' : 'insufficient-data'
}

function summary(status: Status): InstanceStatusSummary {
  const reachability = reachabilities[status]
  return { Status: status, ...(reachability && { Details: [{ Name: 'reachability', Status: reachability }] }) }
}

function volumesStatus({ id, state }: InstanceRow, broken: ReadonlySet<InstanceId>): Status {
  if (state !== 'running') return 'not-applicable'
  return broken.has(id) ? 'impaired' : 'ok'
}

/** Instances that have a volume which cannot be used. */
async function withBrokenVolumes(reader: Reader): Promise<ReadonlySet<InstanceId>> {
  const impaired = await impairedVolumes(reader)
  if (impaired.size === 0) return new Set()
  const rows = await reader.db
    .selectFrom('attachments')
    .select('instanceId')
    .where('volumeId', 'in', [...impaired.keys()])
    .execute()
  return new Set(rows.map((it) => it.instanceId))
}
