import { listVolumes } from '../../../control/volumes/find.ts'
import { impairedVolumes } from '../../../control/volumes/impaired.ts'
import { zoneId } from '../../../model/cloud.ts'
import { absent } from '../../../query/filters.ts'
import type { VolumeRow } from '../../../store/tables/volumes.ts'
import { describe } from '../../action.ts'

/**
 * Whether volumes can be used: `impaired` where what they are made of is torn or missing, or a guest waits for one that cannot be
 * served, with an event that says why; `insufficient-data` while they are made.
 * Refuses: InvalidVolume.NotFound.
 * Source: EC2 API Reference, DescribeVolumeStatus; EBS User Guide, "Amazon EBS volume status checks". Guess: the event's type, the only one that examples
 * of EC2 show, also where the host finds no way to serve what it has.
 */
export const DescribeVolumeStatus = describe('DescribeVolumeStatus', {
  async rows({ VolumeIds }, { tx, caller, cloud }) {
    const rows = await listVolumes(tx, caller.account, VolumeIds)
    const impaired = await impairedVolumes(tx)
    return rows.map((it) => ({ ...it, zoneId: zoneId(cloud, it.zone), reason: impaired.get(it.id) }))
  },
  key: (it) => it.id,
  filters: {
    'availability-zone': (it) => it.zone,
    'availability-zone-id': (it) => it.zoneId,
    'volume-status.status': (it) => statusOf(it),
    'volume-status.details-name': () => ['io-enabled', 'io-performance'],
    'volume-status.details-status': (it) => [ioOf(it), 'not-applicable'],
    'event.description': (it) => eventsOf(it).map(({ Description }) => Description),
    'event.event-id': (it) => eventsOf(it).map(({ EventId }) => EventId),
    'event.event-type': (it) => eventsOf(it).map(({ EventType }) => EventType),
    ...absent('action.code', 'action.description', 'action.event-id', 'event.not-after', 'event.not-before'),
    ...absent('attachment-status.instance-id', 'attachment-status.io-performance'),
    ...absent('operator.managed', 'operator.principal'),
  },
  render: (it) => ({
    VolumeId: it.id,
    AvailabilityZone: it.zone,
    AvailabilityZoneId: it.zoneId,
    VolumeStatus: {
      Status: statusOf(it),
      Details: [
        { Name: 'io-enabled' as const, Status: ioOf(it) },
        { Name: 'io-performance' as const, Status: 'not-applicable' },
      ],
    },
    Events: eventsOf(it),
    Actions: [],
    AttachmentStatuses: [],
  }),
  assemble: (VolumeStatuses) => ({ VolumeStatuses: [...VolumeStatuses] }),
})

interface Row extends VolumeRow {
  /** Why it cannot be used. */
  readonly reason: string | undefined
}

function statusOf({ state, reason }: Row): 'ok' | 'impaired' | 'insufficient-data' {
  if (reason !== undefined) return 'impaired'
  return state === 'creating' ? 'insufficient-data' : 'ok'
}

function ioOf(volume: Row): string {
  return { ok: 'passed', impaired: 'failed', 'insufficient-data': 'insufficient-data' }[statusOf(volume)]
}

function eventsOf({ id, reason }: Row) {
  if (reason === undefined) return []
  const EventId = id.replace('vol-', 'evol-')
  return [{ EventId, EventType: 'potential-data-inconsistency', Description: reason }]
}
