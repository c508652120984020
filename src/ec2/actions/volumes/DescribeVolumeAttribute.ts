import { findVolume } from '../../../control/volumes/find.ts'
import { refuse } from '../../../model/errors.ts'
import { action } from '../../action.ts'

/**
 * One attribute of a volume: whether I/O goes on by itself after trouble, or its product codes, of which there are none.
 * Refuses: InvalidVolume.NotFound, InvalidParameterValue.
 * Source: EC2 API Reference, DescribeVolumeAttribute.
 */
export const DescribeVolumeAttribute = action('DescribeVolumeAttribute', {
  async run({ VolumeId, Attribute }, { tx, caller }) {
    const { id, autoEnableIo } = await findVolume(tx, caller.account, VolumeId)
    if (Attribute === 'autoEnableIO') return { VolumeId: id, AutoEnableIO: { Value: autoEnableIo === 1 } }
    if (Attribute === 'productCodes') return { VolumeId: id, ProductCodes: [] }
    return refuse('InvalidParameterValue', { message: `Value (${Attribute}) for parameter attribute is invalid.` })
  },
})
