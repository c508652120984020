import { findSnapshot } from '../../../control/snapshots/find.ts'
import { createVolume } from '../../../control/volumes/create.ts'
import { encryptionFor } from '../../../control/volumes/encryption.ts'
import { findVolume } from '../../../control/volumes/find.ts'
import { zoneId, zoneName } from '../../../model/cloud.ts'
import { refuse } from '../../../model/errors.ts'
import type { Input } from '../../../query/types.ts'
import { action, type Context } from '../../action.ts'
import { fullVolumes } from '../../full-volumes.ts'
import { checkVolume } from '../../parse/new-volume.ts'
import { renderVolume } from '../../render/volume.ts'

/**
 * Begins to make a volume: empty, or what a snapshot holds, and then usable at once. Answers with it `creating`.
 * Refuses: InvalidZone.NotFound, InvalidSnapshot.NotFound, IncorrectState, InvalidParameterValue, InvalidParameterCombination,
 * InvalidParameterDependency, MissingParameter, UnsupportedOperation (an outpost).
 * Source: EC2 API Reference, CreateVolume.
 */
export const CreateVolume = action('CreateVolume', {
  creates: ['volume'],
  async run(input, context) {
    const { tx, caller, cloud } = context
    if (input.OutpostArn) lacking('The parameter OutpostArn is')
    const snapshot = input.SnapshotId ? await findSnapshot(tx, caller.account, input.SnapshotId) : undefined
    if (snapshot && snapshot.state !== 'completed')
      refuse('IncorrectState', { message: `Snapshot is in invalid state - ${snapshot.state}` })
    const checked = checkVolume(input, snapshot?.sizeGib)
    if (input.MultiAttachEnabled && checked.type !== 'io1' && checked.type !== 'io2')
      refuse('InvalidParameterCombination', {
        message: `The parameter MultiAttachEnabled is not supported for ${checked.type} volumes.`,
      })
    const id = await createVolume(context, {
      account: caller.account,
      zone: zoneOf(input, context),
      ...checked,
      multiAttach: input.MultiAttachEnabled ?? false,
      snapshot: snapshot?.id ?? null,
      keyId: await encryptionFor(tx, { account: caller.account, cloud }, input, snapshot),
    })
    await context.tag('volume', id)
    const [volume] = await fullVolumes(tx, [await findVolume(tx, caller.account, id)])
    return renderVolume(cloud, volume!) // one row in, one out
  },
})

function zoneOf({ AvailabilityZone: zone, AvailabilityZoneId: id }: Input<'CreateVolume'>, { cloud }: Context): string {
  if (!zone && !id) refuse('MissingParameter', { parameter: 'availabilityZone' })
  const found = cloud.zones
    .map((it) => zoneName(cloud, it))
    .find((it) => (zone ? it === zone : zoneId(cloud, it) === id))
  return found ?? refuse('InvalidZone.NotFound', { zone: zone ?? id ?? '' })
}

function lacking(what: string): never {
  return refuse('UnsupportedOperation', { message: `${what} not served by this cloud.` })
}
