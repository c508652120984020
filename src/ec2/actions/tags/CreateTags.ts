import { addTags } from '../../../control/tags/change.ts'
import { checkTags } from '../../../control/tags/tags.ts'
import { refuse } from '../../../model/errors.ts'
import { action } from '../../action.ts'

/**
 * Gives resources tags, replacing those with the same key. All of the request, or none.
 * Refuses: InvalidID, and NotFound or Malformed of each kind of resource; TagLimitExceeded, InvalidParameterValue, MissingParameter.
 * Source: EC2 API Reference, CreateTags.
 */
export const CreateTags = action('CreateTags', {
  async run({ Resources, Tags }, { tx, caller }) {
    if (Resources.length === 0) refuse('MissingParameter', { parameter: 'resourceIdSet' })
    if (Tags.length === 0) refuse('MissingParameter', { parameter: 'tagSet' })
    await addTags(tx, caller.account, Resources, checkTags(Tags))
    return {}
  },
})
