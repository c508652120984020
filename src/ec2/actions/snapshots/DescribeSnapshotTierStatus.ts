import { listSnapshots, type SharedSnapshot } from '../../../control/snapshots/find.ts'
import { tagList, withTags } from '../../../control/tags/tags.ts'
import { describe } from '../../action.ts'

type Row = SharedSnapshot & { readonly tags: Readonly<Record<string, string>> }

/**
 * In which tier the account's snapshots are: all in the standard one, as there is no archive.
 * Refuses: nothing.
 * Source: EC2 API Reference, DescribeSnapshotTierStatus.
 */
export const DescribeSnapshotTierStatus = describe('DescribeSnapshotTierStatus', {
  async rows(_, { tx, caller }): Promise<readonly Row[]> {
    const rows = await listSnapshots(tx, caller.account)
    return withTags(
      tx,
      rows.filter((it) => it.accountId === caller.account),
    )
  },
  key: (it) => it.id,
  filters: {
    'last-tiering-operation': () => undefined,
    'snapshot-id': (it) => it.id,
    'volume-id': (it) => it.volumeId,
  },
  render: (it) => ({
    SnapshotId: it.id,
    VolumeId: it.volumeId,
    Status: it.state === 'deleting' ? ('pending' as const) : it.state,
    OwnerId: it.accountId,
    StorageTier: 'standard' as const,
    Tags: tagList(it.tags),
  }),
  assemble: (SnapshotTierStatuses) => ({ SnapshotTierStatuses: [...SnapshotTierStatuses] }),
})
