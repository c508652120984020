import { copyOf } from '../../../control/snapshots/copy.ts'
import { findSnapshot } from '../../../control/snapshots/find.ts'
import { encryptionFor } from '../../../control/volumes/encryption.ts'
import { refuse } from '../../../model/errors.ts'
import type { Reader } from '../../../store/store.ts'
import { action } from '../../action.ts'

/**
 * Makes a snapshot of the account's own that holds what another does, and keeps it whatever becomes of that. One of another region is
 * `pending` while it is on its way; if it goes there meanwhile, this one is in `error`.
 * Refuses: InvalidRegion, InvalidSnapshot.NotFound, IncorrectState, InvalidParameterValue, InvalidParameterDependency, UnsupportedOperation
 * (between regions, what is encrypted or shall be).
 * Source: EC2 API Reference, CopySnapshot. Guess: that a snapshot that is not there is refused at once, and the code for a region that is not:
 * as CopyImage has it.
 */
export const CopySnapshot = action('CopySnapshot', {
  creates: ['snapshot'],
  async prepare({ SourceSnapshotId, SourceRegion }, _abort, { caller, cloud, regions }) {
    if (!SourceRegion) return refuse('MissingParameter', { parameter: 'SourceRegion' })
    if (SourceRegion === cloud.region) return undefined
    const look = (reader: Reader) => findSnapshot(reader, caller.account, SourceSnapshotId)
    return { region: SourceRegion, row: await regions.look(SourceRegion, look) }
  },
  async run({ SourceSnapshotId, Description, Encrypted, KmsKeyId }, context, far) {
    const { tx, caller, cloud } = context
    const source = far?.row ?? (await findSnapshot(tx, caller.account, SourceSnapshotId))
    if (source.state !== 'completed')
      refuse('IncorrectState', { message: `Snapshot is in invalid state - ${source.state}` })
    const id = await copyOf(context, far ? { ...source, region: far.region } : source, {
      account: caller.account,
      description: Description ?? '',
      keyId: await encryptionFor(tx, { account: caller.account, cloud }, { Encrypted, KmsKeyId }, source),
    })
    await context.tag('snapshot', id)
    return { SnapshotId: id }
  },
})
