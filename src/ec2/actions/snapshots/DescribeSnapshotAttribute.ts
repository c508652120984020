import { everybody } from '../../../control/snapshots/share.ts'
import { action } from '../../action.ts'
import { ownSnapshot, refuseOtherAttributes } from '../../parse/own-snapshot.ts'

/**
 * Who else may make volumes of a snapshot.
 * Refuses: InvalidSnapshot.NotFound, UnauthorizedOperation, InvalidParameterValue.
 * Source: EC2 API Reference, DescribeSnapshotAttribute.
 */
export const DescribeSnapshotAttribute = action('DescribeSnapshotAttribute', {
  async run({ SnapshotId, Attribute }, context) {
    const { id, shares } = await ownSnapshot(context, SnapshotId)
    if (Attribute === 'productCodes') return { SnapshotId: id, ProductCodes: [] }
    refuseOtherAttributes(Attribute)
    const permissions = shares.map((it) => (it === everybody ? { Group: everybody } : { UserId: it }))
    return { SnapshotId: id, CreateVolumePermissions: permissions }
  },
})
