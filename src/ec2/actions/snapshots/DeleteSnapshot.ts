import { imagesOver } from '../../../control/images/find.ts'
import { findSnapshot } from '../../../control/snapshots/find.ts'
import { removeSnapshot } from '../../../control/snapshots/remove.ts'
import { refuse } from '../../../model/errors.ts'
import { action } from '../../action.ts'

/**
 * Removes a snapshot. Others of the same volume, and volumes made of it, keep all that they have.
 * Refuses: InvalidSnapshot.NotFound, InvalidSnapshot.InUse (by an image), UnauthorizedOperation (another account's).
 * Source: EC2 API Reference, DeleteSnapshot.
 */
export const DeleteSnapshot = action('DeleteSnapshot', {
  async run({ SnapshotId }, { tx, caller }) {
    const { id, accountId } = await findSnapshot(tx, caller.account, SnapshotId)
    if (accountId !== caller.account) refuse('UnauthorizedOperation')
    const [image] = await imagesOver(tx, id)
    if (image) refuse('InvalidSnapshot.InUse', { id, image })
    await removeSnapshot(tx, id)
    return {}
  },
})
