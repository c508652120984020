import { describe } from '../../action.ts'
import { filtersOfNone, none, ofNone } from '../../parse/none.ts'

/**
 * No snapshots: this cloud has none yet.
 * Refuses: InvalidSnapshot.NotFound.
 * Source: EC2 API Reference, DescribeSnapshots.
 */
export const DescribeSnapshots = describe('DescribeSnapshots', {
  ...ofNone,
  rows: ({ SnapshotIds }) => none('InvalidSnapshot.NotFound', SnapshotIds),
  filters: filtersOfNone([
    'description',
    'encrypted',
    'owner-alias',
    'owner-id',
    'progress',
    'snapshot-id',
    'start-time',
    'status',
    'storage-tier',
    'transfer-type',
    'volume-id',
    'volume-size',
  ]),
  assemble: () => ({ Snapshots: [] }),
})
