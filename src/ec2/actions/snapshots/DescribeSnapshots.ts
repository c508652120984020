import { listSnapshots, type SharedSnapshot } from '../../../control/snapshots/find.ts'
import { withTags } from '../../../control/tags/tags.ts'
import type { AccountId } from '../../../model/ids.ts'
import { absent, tagFilters } from '../../../query/filters.ts'
import type { Input } from '../../../query/types.ts'
import { describe } from '../../action.ts'
import { renderSnapshot } from '../../render/snapshot.ts'

type Row = SharedSnapshot & { readonly tags: Readonly<Record<string, string>> }

/**
 * Snapshots that the account may make volumes of: its own, those shared with it, and public ones.
 * Refuses: InvalidSnapshot.NotFound.
 * Source: EC2 API Reference, DescribeSnapshots.
 */
export const DescribeSnapshots = describe('DescribeSnapshots', {
  async rows(input, { tx, caller }): Promise<readonly Row[]> {
    const rows = await listSnapshots(tx, caller.account, input.SnapshotIds)
    return withTags(
      tx,
      rows.filter((it) => isOwnedBy(it, input, caller.account) && isRestorableBy(it, input, caller.account)),
    )
  },
  key: (it) => it.id,
  filters: {
    description: (it) => it.description,
    encrypted: (it) => it.keyId !== null,
    'owner-alias': (it) => it.ownerAlias,
    'owner-id': (it) => it.accountId,
    progress: (it) => `${it.progress}%`,
    'snapshot-id': (it) => it.id,
    'start-time': (it) => new Date(it.startedAt),
    status: (it) => it.state,
    'storage-tier': () => 'standard',
    'volume-id': (it) => it.volumeId,
    'volume-size': (it) => it.sizeGib,
    ...absent('transfer-type'),
    ...tagFilters<Row>(),
  },
  render: (it, { cloud }) => renderSnapshot(cloud, it),
  assemble: (Snapshots) => ({ Snapshots: [...Snapshots] }),
})

function isOwnedBy(row: SharedSnapshot, { OwnerIds = [] }: Input<'DescribeSnapshots'>, self: AccountId): boolean {
  if (OwnerIds.length === 0) return true
  return OwnerIds.some((it) => (it === 'self' ? row.accountId === self : it === row.accountId || it === row.ownerAlias))
}

/** `self`: shared with the account, or its own; `all`: public. */
function isRestorableBy(
  row: SharedSnapshot,
  { RestorableByUserIds: users = [] }: Input<'DescribeSnapshots'>,
  self: AccountId,
): boolean {
  if (users.length === 0) return true
  return users.some((it) => {
    if (it === 'all') return row.shares.includes('all')
    const account = it === 'self' ? self : it
    return row.accountId === account || row.shares.includes(account)
  })
}
