import { share } from '../../../control/snapshots/share.ts'
import { action } from '../../action.ts'
import { ownSnapshot, refuseOtherAttributes } from '../../parse/own-snapshot.ts'

/**
 * Shares a snapshot with nobody any more.
 * Refuses: InvalidSnapshot.NotFound, UnauthorizedOperation, InvalidParameterValue.
 * Source: EC2 API Reference, ResetSnapshotAttribute.
 */
export const ResetSnapshotAttribute = action('ResetSnapshotAttribute', {
  async run({ SnapshotId, Attribute }, context) {
    const { id, shares } = await ownSnapshot(context, SnapshotId)
    refuseOtherAttributes(Attribute)
    await share(context.tx, id, { add: [], remove: shares })
    return {}
  },
})
