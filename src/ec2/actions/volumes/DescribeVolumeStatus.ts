import { listVolumes } from '../../../control/volumes/find.ts'
import { zoneId } from '../../../model/cloud.ts'
import { absent } from '../../../query/filters.ts'
import type { VolumeRow } from '../../../store/tables/volumes.ts'
import { describe } from '../../action.ts'

/**
 * Whether volumes can be used: `impaired` where what they are made of is torn or missing, `insufficient-data` while they are made.
 * Refuses: InvalidVolume.NotFound.
 * Source: EC2 API Reference, DescribeVolumeStatus; EBS User Guide, "Amazon EBS volume status checks".
 */
export const DescribeVolumeStatus = describe('DescribeVolumeStatus', {
  async rows({ VolumeIds }, { tx, caller, cloud }) {
    const rows = await listVolumes(tx, caller.account, VolumeIds)
    return rows.map((it) => ({ ...it, zoneId: zoneId(cloud, it.zone) }))
  },
  key: (it) => it.id,
  filters: {
    'availability-zone': (it) => it.zone,
    'availability-zone-id': (it) => it.zoneId,
    'volume-status.status': (it) => statusOf(it),
    'volume-status.details-name': () => ['io-enabled', 'io-performance'],
    'volume-status.details-status': (it) => [ioOf(it), 'not-applicable'],
    ...absent('action.code', 'action.description', 'action.event-id', 'event.description'),
    ...absent('event.event-id', 'event.event-type', 'event.not-after', 'event.not-before'),
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
    Events: [],
    Actions: [],
    AttachmentStatuses: [],
  }),
  assemble: (VolumeStatuses) => ({ VolumeStatuses: [...VolumeStatuses] }),
})

function statusOf({ state }: VolumeRow): 'ok' | 'impaired' | 'insufficient-data' {
  if (state === 'error') return 'impaired'
  return state === 'creating' ? 'insufficient-data' : 'ok'
}

function ioOf(volume: VolumeRow): string {
  return { ok: 'passed', impaired: 'failed', 'insufficient-data': 'insufficient-data' }[statusOf(volume)]
}
