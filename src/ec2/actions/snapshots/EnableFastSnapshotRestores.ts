import { action } from '../../action.ts'
import { unsuccessfulRestores } from '../../parse/fast-restores.ts'

/**
 * Tells for each snapshot and zone that fast restores cannot be enabled: volumes of snapshots are whole from the first moment.
 * Refuses: InvalidSnapshot.NotFound, MissingParameter.
 * Source: EC2 API Reference, EnableFastSnapshotRestores. Guess: the code.
 */
export const EnableFastSnapshotRestores = action('EnableFastSnapshotRestores', {
  async run(input, context) {
    const error = {
      Code: 'UnsupportedOperation',
      Message: 'Fast snapshot restores cannot be enabled: volumes of snapshots are whole from the first moment.',
    }
    return { Successful: [], Unsuccessful: await unsuccessfulRestores(context, input, error) }
  },
})
