import { action } from '../../action.ts'
import { unsuccessfulRestores } from '../../parse/fast-restores.ts'

/**
 * Tells for each snapshot and zone that fast restores are not enabled.
 * Refuses: InvalidSnapshot.NotFound, MissingParameter.
 * Source: EC2 API Reference, DisableFastSnapshotRestores. Guess: the code.
 */
export const DisableFastSnapshotRestores = action('DisableFastSnapshotRestores', {
  async run(input, context) {
    const error = { Code: 'UnsupportedOperation', Message: 'Fast snapshot restores are not enabled.' }
    return { Successful: [], Unsuccessful: await unsuccessfulRestores(context, input, error) }
  },
})
