import { copyImage } from '../../../control/images/copy.ts'
import { checkImageName } from '../../../control/images/names.ts'
import { originalOf } from '../../../control/images/original.ts'
import { putTags } from '../../../control/tags/tags.ts'
import { refuse } from '../../../model/errors.ts'
import { action } from '../../action.ts'
import { refuseParameters } from '../../parse/not-served.ts'

/**
 * Makes an image of the account's own that holds what another does: `pending` while it is copied, then `available`. It is shared with
 * nobody. This cloud is one region: there is no other to copy from.
 * Refuses: MissingParameter, InvalidAMIID.NotFound, InvalidAMIID.Unavailable, InvalidAMIName.Malformed, InvalidAMIName.Duplicate,
 * InvalidRegion, InvalidRequest (of a snapshot that is not the account's to read), UnsupportedOperation (Outposts), and what CopySnapshot refuses of keys.
 * Source: EC2 API Reference, CopyImage; "Error codes", InvalidRegion. Guess: that a name is an account's own here too.
 */
export const CopyImage = action('CopyImage', {
  creates: ['image', 'snapshot'],
  async run(input, context) {
    const { tx, caller, cloud } = context
    const { SourceImageId, SourceRegion, Name, Description = '', CopyImageTags } = input
    if (!SourceImageId) return refuse('MissingParameter', { parameter: 'SourceImageId' })
    if (!SourceRegion) return refuse('MissingParameter', { parameter: 'SourceRegion' })
    if (!Name) return refuse('MissingParameter', { parameter: 'Name' })
    if (SourceRegion !== cloud.region)
      refuse('InvalidRegion', { message: `The region ${SourceRegion} does not exist.` })
    refuseParameters(input, [
      ...(['DestinationOutpostArn', 'SnapshotCopyCompletionDurationMinutes'] as const),
      ...(['DestinationAvailabilityZone', 'DestinationAvailabilityZoneId'] as const),
    ])
    const original = await originalOf(tx, caller.account, SourceImageId)
    const { image: source, tags } = original
    if (!source.rootSnapshotId && input.Encrypted)
      refuse('InvalidParameterCombination', {
        message: `The image ${source.id} has no volume that could be encrypted.`,
      })
    await checkImageName(tx, caller.account, Name)
    const encryption = { Encrypted: input.Encrypted, KmsKeyId: input.KmsKeyId }
    const about = { region: SourceRegion, name: Name, description: Description, encryption }
    const copy = { account: caller.account, original, ...about }
    const ImageId = await copyImage(context, copy)
    if (CopyImageTags && source.accountId === caller.account) {
      const owner = { account: caller.account, id: ImageId, kind: 'image' } as const
      await putTags(tx, owner, tags)
    }
    await context.tag('image', ImageId)
    return { ImageId }
  },
})
