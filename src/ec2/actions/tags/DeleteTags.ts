import { takeTags } from '../../../control/tags/change.ts'
import { refuse } from '../../../model/errors.ts'
import { action } from '../../action.ts'

/**
 * Takes tags from resources: all with a key, or only where it has the value that is given with it, be it empty. Without tags,
 * all of them.
 * Refuses: InvalidID, and NotFound or Malformed of each kind of resource; MissingParameter.
 * Source: EC2 API Reference, DeleteTags.
 */
export const DeleteTags = action('DeleteTags', {
  async run({ Resources, Tags = [] }, { tx, caller }) {
    if (Resources.length === 0) refuse('MissingParameter', { parameter: 'resourceIdSet' })
    const tags = Tags.map(({ Key, Value }) => ({
      key: Key ?? refuse('MissingParameter', { parameter: 'Tag.Key' }),
      ...(Value !== undefined && { value: Value }),
    }))
    await takeTags(tx, caller.account, Resources, tags)
    return {}
  },
})
