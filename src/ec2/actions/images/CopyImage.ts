import { copyImage } from '../../../control/images/copy.ts'
import { checkImageName } from '../../../control/images/names.ts'
import { originalOf } from '../../../control/images/original.ts'
import { putTags } from '../../../control/tags/tags.ts'
import { refuse } from '../../../model/errors.ts'
import { action } from '../../action.ts'
import { refuseParameters } from '../../parse/not-served.ts'

/**
 * Makes an image of the account's own that holds what another does: `pending` while it is copied, then `available`. It is shared with
 * nobody. One of another region is copied with all its snapshots; if it goes there meanwhile, this one is `failed`.
 * Refuses: MissingParameter, InvalidAMIID.NotFound, InvalidAMIID.Unavailable, InvalidAMIName.Malformed, InvalidAMIName.Duplicate,
 * InvalidRegion, InvalidRequest (of a snapshot that is not the account's to read), UnsupportedOperation (Outposts; between regions, what is encrypted or shall be), and what CopySnapshot refuses of keys.
 * Source: EC2 API Reference, CopyImage; "Error codes", InvalidRegion. Guess: that a name is an account's own here too.
 */
export const CopyImage = action('CopyImage', {
  creates: ['image', 'snapshot'],
  async prepare({ SourceImageId, SourceRegion }, _abort, { caller, cloud, regions }) {
    if (!SourceImageId || !SourceRegion || SourceRegion === cloud.region) return undefined
    return regions.look(SourceRegion, (reader) => originalOf(reader, caller.account, SourceImageId))
  },
  async run(input, context, far) {
    const { tx, caller } = context
    const { SourceImageId, SourceRegion, Name, Description = '', CopyImageTags } = input
    if (!SourceImageId) return refuse('MissingParameter', { parameter: 'SourceImageId' })
    if (!SourceRegion) return refuse('MissingParameter', { parameter: 'SourceRegion' })
    if (!Name) return refuse('MissingParameter', { parameter: 'Name' })
    refuseParameters(input, [
      ...(['DestinationOutpostArn', 'SnapshotCopyCompletionDurationMinutes'] as const),
      ...(['DestinationAvailabilityZone', 'DestinationAvailabilityZoneId'] as const),
    ])
    const original = far ?? (await originalOf(tx, caller.account, SourceImageId))
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
