import type { Snapshot } from '@aws-sdk/client-ec2'
import { command } from '../command.ts'
import { type Line, tagLines } from '../lines.ts'
import { filters, toggle, UsageError, value, values, word, words } from '../params.ts'

/** Source: euca2ools 3.4, the filters its describe-snapshots takes. */
const snapshotFilters = filters(
  ...['description', 'owner-alias', 'owner-id', 'progress', 'snapshot-id', 'start-time', 'status', 'tag-key'],
  ...['tag-value', 'tag:KEY', 'volume-id', 'volume-size'],
)

export const snapshotCommands = [
  command({
    name: 'create-snapshot',
    summary: 'Create a snapshot of a volume',
    params: {
      volume: word('VOLUME', 'volume to create a snapshot of (required)'),
      description: value('-d, --description DESC', 'snapshot description'),
    },
    operation: 'CreateSnapshot',
    request: ({ volume, description }) => ({
      VolumeId: volume,
      ...(description !== undefined && { Description: description }),
    }),
    render([snapshot]) {
      const it = snapshot ?? {}
      return [
        ['SNAPSHOT', it.SnapshotId, it.VolumeId, it.State, it.StartTime, it.OwnerId, it.VolumeSize, it.Description],
      ]
    },
  }),
  command({
    name: 'delete-snapshot',
    summary: 'Delete a snapshot',
    params: { snapshot: word('SNAPSHOT', 'ID of the snapshot to delete (required)') },
    operation: 'DeleteSnapshot',
    request: ({ snapshot }) => ({ SnapshotId: snapshot }),
    render: (_outputs, { snapshot }) => [['SNAPSHOT', snapshot]],
  }),
  command({
    name: 'describe-snapshots',
    summary:
      'Show information about snapshots. By default, only snapshots your account owns and snapshots for which your account has explicit restore permissions are shown.',
    params: {
      snapshots: words('SNAPSHOT', 'limit results to specific snapshots'),
      all: toggle('-a, --all', 'describe all snapshots'),
      owners: values('-o, --owner ACCOUNT', 'limit results to snapshots owned by specific accounts'),
      restorableBy: values('-r, --restorable-by ACCOUNT', 'limit results to snapshots restorable by specific accounts'),
      filters: snapshotFilters,
    },
    operation: 'DescribeSnapshots',
    request({ snapshots, all, owners, restorableBy, filters: Filters }) {
      const narrowed = [...snapshots, ...owners, ...restorableBy].length > 0
      if (all && narrowed)
        throw new UsageError('argument -a/--all: not allowed with snapshots, -o/--owner or -r/--restorable-by')
      if (!all && !narrowed)
        return [
          { OwnerIds: ['self'], Filters },
          { RestorableByUserIds: ['self'], Filters },
        ]
      return {
        Filters,
        ...(snapshots.length > 0 && { SnapshotIds: snapshots }),
        ...(owners.length > 0 && { OwnerIds: owners }),
        ...(restorableBy.length > 0 && { RestorableByUserIds: restorableBy }),
      }
    },
    render(outputs) {
      const found = new Map(outputs.flatMap((it) => it.Snapshots ?? []).map((it) => [it.SnapshotId ?? '', it]))
      return [...found.values()]
        .sort((a, b) => ((a.SnapshotId ?? '') < (b.SnapshotId ?? '') ? -1 : 1))
        .flatMap(snapshotLines)
    },
  }),
]

function snapshotLines(it: Snapshot): Line[] {
  return [
    [
      ...['SNAPSHOT', it.SnapshotId, it.VolumeId, it.State, it.StartTime, it.Progress],
      ...[it.OwnerId, it.VolumeSize, it.Description],
    ],
    ...tagLines(it.SnapshotId, it.Tags),
  ]
}
