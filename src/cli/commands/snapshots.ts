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
  command({
    name: 'describe-snapshot-attribute',
    summary: 'Show information about an attribute of a snapshot',
    params: {
      snapshot: word('SNAPSHOT', 'snapshot to describe'),
      permission: toggle('-c, --create-volume-permission', 'display who can create volumes from the snapshot'),
      codes: toggle('-p, --product-codes', 'list associated product codes'),
    },
    oneOf: ['permission', 'codes'],
    operation: 'DescribeSnapshotAttribute',
    request: ({ snapshot, permission }) => ({
      SnapshotId: snapshot,
      Attribute: permission ? ('createVolumePermission' as const) : ('productCodes' as const),
    }),
    render: (outputs, { snapshot }) =>
      outputs.flatMap((it) => [
        ...(it.CreateVolumePermissions ?? []).map((one) => [
          ...['createVolumePermission', snapshot],
          ...(one.Group ? ['group', one.Group] : ['userId', one.UserId]),
        ]),
        ...(it.ProductCodes ?? []).map((one) => ['productCodes', snapshot, 'productCode', one.ProductCodeId]),
      ]),
  }),
  command({
    name: 'modify-snapshot-attribute',
    summary: 'Modify an attribute of a snapshot',
    params: {
      snapshot: word('SNAPSHOT', 'ID of the snapshot to modify'),
      permission: toggle('-c, --create-volume-permission', 'grant/revoke volume creation permission with -a/-r'),
      add: values('-a, --add ENTITY', 'account to grant permission, or "all" for all accounts'),
      remove: values('-r, --remove ENTITY', 'account to remove permission from, or "all" for all accounts'),
    },
    oneOf: ['permission'],
    operation: 'ModifySnapshotAttribute',
    request({ snapshot, add, remove }) {
      if (add.length + remove.length === 0)
        throw new UsageError('at least one entity must be specified with -a/--add or -r/--remove')
      const entity = (it: string) => (it === 'all' ? { Group: 'all' as const } : { UserId: it })
      const changes = {
        ...(add.length > 0 && { Add: add.map(entity) }),
        ...(remove.length > 0 && { Remove: remove.map(entity) }),
      }
      return { SnapshotId: snapshot, CreateVolumePermission: changes }
    },
    render: (_, { snapshot, add, remove }) => {
      const line = (verb: string) => (it: string) =>
        ['createVolumePermission', snapshot, verb, it === 'all' ? 'Group' : 'UserId', it] satisfies Line
      return [...add.map(line('ADD')), ...remove.map(line('REMOVE'))]
    },
  }),
  command({
    name: 'reset-snapshot-attribute',
    summary: 'Reset an attribute of a snapshot to its default value',
    params: {
      snapshot: word('SNAPSHOT', 'ID of the snapshot whose attribute should be reset (required)'),
      permission: toggle(
        '-c, --create-volume-permission',
        'clear the list of users and groups allowed to create volumes',
      ),
    },
    oneOf: ['permission'],
    operation: 'ResetSnapshotAttribute',
    request: ({ snapshot }) => ({ SnapshotId: snapshot, Attribute: 'createVolumePermission' as const }),
    render: (_, { snapshot }) => [['createVolumePermission', snapshot, 'RESET']],
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
