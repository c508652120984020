import { createSnapshot } from '../../../control/snapshots/create.ts'
import { listSnapshots } from '../../../control/snapshots/find.ts'
import { withTags } from '../../../control/tags/tags.ts'
import { findVolume } from '../../../control/volumes/find.ts'
import { refuse } from '../../../model/errors.ts'
import { Later } from '../../../query/action.ts'
import { action } from '../../action.ts'
import { renderSnapshot } from '../../render/snapshot.ts'

/**
 * Takes a snapshot of a volume, also one in use: what was written and flushed before the answer is in it, what comes after is not.
 * Answers once that moment has been, with the snapshot `pending`; it is copied afterwards.
 * Refuses: InvalidVolume.NotFound, IncorrectState.
 * Source: EC2 API Reference, CreateSnapshot; EBS User Guide, "Create Amazon EBS snapshots".
 */
export const CreateSnapshot = action('CreateSnapshot', {
  creates: ['snapshot'],
  async run({ VolumeId, Description }, context) {
    const { tx, caller, cloud, hosts } = context
    const volume = await findVolume(tx, caller.account, VolumeId)
    if (volume.state !== 'available')
      refuse('IncorrectState', { message: `The volume '${volume.id}' is in the '${volume.state}' state.` })
    const id = await createSnapshot(context, {
      account: caller.account,
      host: volume.hostId,
      of: { kind: 'volume', volume: volume.id },
      sizeGiB: volume.sizeGib,
      description: Description ?? '',
    })
    await context.tag('snapshot', id)
    const [row] = await withTags(tx, await listSnapshots(tx, caller.account, [id]))
    return new Later(async (abort) => {
      await hosts.frozen([id], abort)
      return renderSnapshot(cloud, row!) // made a moment ago
    })
  },
})
