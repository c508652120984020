import { listSnapshots } from '../../control/snapshots/find.ts'
import { refuse } from '../../model/errors.ts'
import type { Context } from '../action.ts'

interface Asked {
  readonly SourceSnapshotIds?: readonly string[] | undefined
  readonly AvailabilityZones?: readonly string[] | undefined
  readonly AvailabilityZoneIds?: readonly string[] | undefined
}

/** For each snapshot that the account sees, and each zone: this error. */
export async function unsuccessfulRestores(
  { tx, caller }: Context,
  { SourceSnapshotIds = [], AvailabilityZones = [], AvailabilityZoneIds = [] }: Asked,
  error: { readonly Code: string; readonly Message: string },
) {
  if (SourceSnapshotIds.length === 0) refuse('MissingParameter', { parameter: 'SourceSnapshotId' })
  const zones = [
    ...AvailabilityZones.map((AvailabilityZone) => ({ AvailabilityZone, Error: error })),
    ...AvailabilityZoneIds.map((AvailabilityZoneId) => ({ AvailabilityZoneId, Error: error })),
  ]
  if (zones.length === 0) refuse('MissingParameter', { parameter: 'AvailabilityZone' })
  const snapshots = await listSnapshots(tx, caller.account, SourceSnapshotIds)
  return snapshots.map(({ id }) => ({ SnapshotId: id, FastSnapshotRestoreStateErrors: zones }))
}
