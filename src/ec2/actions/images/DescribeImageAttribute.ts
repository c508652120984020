import type { ImageAttribute } from '@aws-sdk/client-ec2'
import { detailsOf, findOwnImage } from '../../../control/images/find.ts'
import { sharingOf } from '../../../control/images/share.ts'
import { protectionOf } from '../../../control/images/state.ts'
import { refuse } from '../../../model/errors.ts'
import { action } from '../../action.ts'
import { bootModeOf, renderMappings } from '../../render/image.ts'

/**
 * One attribute of an image of the caller's: whom it is shared with, its description, its kernel and RAM disk, its volumes, what
 * starts it, whether it may be deregistered.
 * Refuses: MissingParameter, InvalidAMIID.Malformed, InvalidAMIID.NotFound, AuthFailure, UnsupportedOperation.
 * Source: EC2 API Reference, DescribeImageAttribute.
 */
export const DescribeImageAttribute = action('DescribeImageAttribute', {
  async run({ ImageId, Attribute }, { tx, caller, now }): Promise<ImageAttribute> {
    if (!ImageId) return refuse('MissingParameter', { parameter: 'ImageId' })
    const image = await findOwnImage(tx, caller.account, ImageId)
    const details = (await detailsOf(tx)).get(image.id)
    switch (Attribute) {
      case 'launchPermission': {
        const { everyone, accounts } = await sharingOf(tx, image)
        const everybody = everyone ? [{ Group: 'all' as const }] : []
        return { ImageId, LaunchPermissions: [...everybody, ...accounts.map((UserId) => ({ UserId }))] }
      }
      case 'description':
        return { ImageId, Description: { Value: image.description } }
      case 'kernel':
        return { ImageId, ...(details?.kernelId && { KernelId: { Value: details.kernelId } }) }
      case 'ramdisk':
        return { ImageId, ...(details?.ramdiskId && { RamdiskId: { Value: details.ramdiskId } }) }
      case 'blockDeviceMapping':
        return { ImageId, BlockDeviceMappings: renderMappings(image) }
      case 'productCodes':
        return { ImageId, ProductCodes: [] }
      case 'bootMode':
        return { ImageId, BootMode: { Value: bootModeOf(image) } }
      case 'deregistrationProtection':
        return { ImageId, DeregistrationProtection: { Value: protectionOf(image, now) } }
      // What no image of this cloud has.
      case 'imdsSupport':
      case 'sriovNetSupport':
      case 'tpmSupport':
        return { ImageId }
      default:
        return refuse('UnsupportedOperation', { message: `The attribute ${Attribute} is not served by this cloud.` })
    }
  },
})
