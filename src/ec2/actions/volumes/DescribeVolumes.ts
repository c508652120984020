import { describe } from '../../action.ts'
import { filtersOfNone, none, ofNone } from '../../parse/none.ts'

/**
 * No volumes: this cloud has none yet.
 * Refuses: InvalidVolume.NotFound.
 * Source: EC2 API Reference, DescribeVolumes.
 */
export const DescribeVolumes = describe('DescribeVolumes', {
  ...ofNone,
  rows: ({ VolumeIds }) => none('InvalidVolume.NotFound', VolumeIds),
  filters: filtersOfNone([
    'attachment.attach-time',
    'attachment.delete-on-termination',
    'attachment.device',
    'attachment.instance-id',
    'attachment.status',
    'availability-zone',
    'availability-zone-id',
    'create-time',
    'encrypted',
    'fast-restored',
    'multi-attach-enabled',
    'operator.managed',
    'operator.principal',
    'size',
    'snapshot-id',
    'status',
    'volume-id',
    'volume-type',
  ]),
  assemble: () => ({ Volumes: [] }),
})
