import { findOwnImage, imagesOver } from '../../../control/images/find.ts'
import { mappingsOf } from '../../../control/images/mappings.ts'
import { deregister } from '../../../control/images/register.ts'
import { refuseProtected } from '../../../control/images/state.ts'
import { removeSnapshot } from '../../../control/snapshots/remove.ts'
import { refuse } from '../../../model/errors.ts'
import type { SnapshotId } from '../../../model/ids.ts'
import { action, type Context } from '../../action.ts'

/**
 * Takes an image away from those who launch. Its instances run on, its bundle stays in the object store, and its snapshots stay unless
 * `DeleteAssociatedSnapshots` says otherwise.
 * Refuses: MissingParameter, InvalidAMIID.Malformed, InvalidAMIID.NotFound, AuthFailure, OperationNotPermitted.
 * Source: EC2 API Reference, DeregisterImage; EC2 User Guide, "Deregister an AMI".
 */
export const DeregisterImage = action('DeregisterImage', {
  async run({ ImageId, DeleteAssociatedSnapshots }, context) {
    const { tx, caller, now } = context
    if (!ImageId) return refuse('MissingParameter', { parameter: 'ImageId' })
    const image = await findOwnImage(tx, caller.account, ImageId)
    refuseProtected(image, now)
    await deregister(tx, image)
    if (!DeleteAssociatedSnapshots) return { Return: true }
    const ids = mappingsOf(image).flatMap((it) => it.snapshot ?? [])
    const DeleteSnapshotResults = []
    for (const id of ids) DeleteSnapshotResults.push({ SnapshotId: id, ReturnCode: await removeIfIdle(context, id) })
    return { Return: true, DeleteSnapshotResults }
  },
})

/** Source: EC2 API Reference, "DeleteSnapshotReturnCode". */
async function removeIfIdle({ tx, caller }: Context, id: SnapshotId) {
  const row = await tx.db.selectFrom('snapshots').select('accountId').where('id', '=', id).executeTakeFirst()
  if (!row) return 'client-error' as const
  if (row.accountId !== caller.account) return 'missing-permissions' as const
  if ((await imagesOver(tx, id)).length > 0) return 'skipped' as const
  await removeSnapshot(tx, id)
  return 'success' as const
}
