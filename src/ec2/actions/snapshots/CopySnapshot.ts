import { createSnapshot } from '../../../control/snapshots/create.ts'
import { findSnapshot } from '../../../control/snapshots/find.ts'
import { encryptionFor } from '../../../control/volumes/encryption.ts'
import { refuse } from '../../../model/errors.ts'
import { action } from '../../action.ts'

/**
 * Makes a snapshot of the account's own that holds what another does, and keeps it whatever becomes of that.
 * Refuses: InvalidSnapshot.NotFound, IncorrectState, InvalidParameterValue, InvalidParameterDependency, UnsupportedOperation (another region).
 * Source: EC2 API Reference, CopySnapshot.
 */
export const CopySnapshot = action('CopySnapshot', {
  creates: ['snapshot'],
  async run({ SourceSnapshotId, SourceRegion, Description, Encrypted, KmsKeyId }, context) {
    const { tx, caller, cloud } = context
    if (SourceRegion !== cloud.region) lacking('Copying from another region is')
    const source = await findSnapshot(tx, caller.account, SourceSnapshotId)
    if (source.state !== 'completed')
      refuse('IncorrectState', { message: `Snapshot is in invalid state - ${source.state}` })
    const id = await createSnapshot(context, {
      account: caller.account,
      host: source.hostId,
      of: { kind: 'snapshot', snapshot: source.id },
      sizeGiB: source.sizeGib,
      description: Description ?? '',
      keyId: await encryptionFor(tx, { account: caller.account, cloud }, { Encrypted, KmsKeyId }, source),
    })
    await context.tag('snapshot', id)
    return { SnapshotId: id }
  },
})

function lacking(what: string): never {
  return refuse('UnsupportedOperation', { message: `${what} not served by this cloud.` })
}
