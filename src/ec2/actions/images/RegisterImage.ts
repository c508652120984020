import { BundleRefused } from '../../../bundles/refused.ts'
import { checkImageName } from '../../../control/images/names.ts'
import { registerBundle } from '../../../control/images/register.ts'
import { refuse } from '../../../model/errors.ts'
import { action } from '../../action.ts'
import { refuseUnserved } from '../../parse/image-registration.ts'
import { registerFromSnapshots } from '../../register-from-snapshots.ts'

/**
 * Makes an image of snapshots that are mapped to devices, available at once; or of the bundle whose manifest is at ImageLocation.
 * The manifest is read, and its signature checked, before the answer; the parts are unpacked after it, while the image is
 * `pending`; then it is `available`, or `failed` with a reason.
 * Refuses: MissingParameter, InvalidManifest, InvalidAMIName.Malformed, InvalidAMIName.Duplicate, InvalidAMIID.NotFound (of kernel
 * and RAM disk), InvalidBlockDeviceMapping, InvalidSnapshot.NotFound, UnsupportedOperation.
 * Source: EC2 API Reference, RegisterImage. A missing name: ec2-register of 2008 sent none; the location stands for it.
 */
export const RegisterImage = action('RegisterImage', {
  creates: ['image'],
  async prepare({ ImageLocation, BootMode }, abort, { caller, manifests, hasUefi }) {
    if (BootMode && BootMode !== 'legacy-bios' && !(await hasUefi()))
      refuse('UnsupportedOperation', { message: 'Nothing starts by UEFI here: the package ovmf is not installed.' })
    if (!ImageLocation) return undefined
    try {
      return await manifests.manifest(caller.account, ImageLocation, abort)
    } catch (error) {
      if (!(error instanceof BundleRefused)) throw error
      return refuse('InvalidManifest', { message: `The manifest at ${ImageLocation} is refused: ${error.message}.` })
    }
  },
  async run(input, context, prepared) {
    const { tx, caller, now, random, tag } = context
    if (!input.ImageLocation && input.BlockDeviceMappings?.length) return registerFromSnapshots(input, context)
    if (!prepared || !input.ImageLocation) return refuse('MissingParameter', { parameter: 'ImageLocation' })
    refuseUnserved(input)
    const name = input.Name ?? input.ImageLocation.slice(0, 128)
    await checkImageName(tx, caller.account, name)
    const id = await registerBundle(
      tx,
      { now, random },
      {
        ...{ account: caller.account, location: input.ImageLocation, name, description: input.Description ?? '' },
        ...{ manifest: prepared.manifest, text: prepared.text },
        ...(input.Architecture && { architecture: input.Architecture }),
        ...(input.KernelId && { kernelId: input.KernelId }),
        ...(input.RamdiskId && { ramdiskId: input.RamdiskId }),
      },
    )
    await tag('image', id)
    return { ImageId: id }
  },
})
