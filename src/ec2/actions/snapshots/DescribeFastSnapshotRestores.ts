import { absent } from '../../../query/filters.ts'
import { describe } from '../../action.ts'
import { ofNone } from '../../parse/none.ts'

/**
 * No snapshot has fast restores enabled: a volume of a snapshot has all its data beside it from the first moment.
 * Source: EC2 API Reference, DescribeFastSnapshotRestores; EBS User Guide, "Amazon EBS fast snapshot restore".
 */
export const DescribeFastSnapshotRestores = describe('DescribeFastSnapshotRestores', {
  rows: async (): Promise<readonly undefined[]> => [],
  filters: { ...absent('availability-zone', 'availability-zone-id', 'owner-id', 'snapshot-id', 'state') },
  assemble: () => ({ FastSnapshotRestores: [] }),
  ...ofNone,
})
