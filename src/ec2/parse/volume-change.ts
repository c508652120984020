/** What a volume shall become, as requests say it. Source: EC2 API Reference, ModifyVolume; errors of EC2 quoted in public. */
import { shapeOf, type VolumeShape } from '../../control/volumes/modify.ts'
import { refuse } from '../../model/errors.ts'
import type { Input } from '../../query/types.ts'
import type { AttachmentRow, VolumeRow } from '../../store/tables/volumes.ts'
import { checkVolume } from './new-volume.ts'

type Asked = Input<'ModifyVolume'>

/** What is not said stays, where the type that it then has knows of it. */
export function volumeChange(asked: Asked, volume: VolumeRow, attachments: readonly AttachmentRow[]): VolumeShape {
  const { Size, VolumeType, Iops, Throughput, MultiAttachEnabled } = asked
  if ([Size, VolumeType, Iops, Throughput, MultiAttachEnabled].every((it) => it === undefined))
    refuse('MissingParameter', { message: 'The request must contain one of size, volumeType, iops, throughput' })
  if (Size !== undefined && Size < volume.sizeGib)
    refuse('InvalidParameterValue', { message: 'New size cannot be smaller than existing size' })
  const stays = VolumeType === undefined || VolumeType === volume.type
  const provisioned = (type: string | undefined) => type === 'io1' || type === 'io2' || type === 'gp3'
  const keepsIops = stays || (provisioned(volume.type) && provisioned(VolumeType))
  const checked = checkVolume({
    Size: Size ?? volume.sizeGib,
    VolumeType: VolumeType ?? volume.type,
    Iops: Iops ?? (keepsIops ? (volume.iops ?? undefined) : undefined),
    Throughput: Throughput ?? (stays ? (volume.throughput ?? undefined) : undefined),
  })
  const multiAttach = MultiAttachEnabled === undefined ? volume.multiAttach : MultiAttachEnabled ? 1 : 0
  refuseMultiAttach({ ...volume, ...checked, multiAttach }, volume, attachments)
  const { sizeGiB: sizeGib, type, iops, throughput } = checked
  return shapeOf({ sizeGib, type, iops, throughput, multiAttach })
}

/** Source: EBS User Guide, "Attach an EBS volume to multiple EC2 instances using Multi-Attach": of io2 alone, and while it is attached to none. */
function refuseMultiAttach(
  { type, multiAttach }: Pick<VolumeShape, 'type' | 'multiAttach'>,
  volume: VolumeRow,
  attachments: readonly AttachmentRow[],
): void {
  if (multiAttach === 1 && type !== 'io1' && type !== 'io2')
    refuse('InvalidParameterCombination', {
      message: `The parameter MultiAttachEnabled is not supported for ${type} volumes.`,
    })
  if (multiAttach === volume.multiAttach) return
  if (type !== 'io2')
    refuse('InvalidParameterCombination', {
      message: `Multi-Attach cannot be changed for ${type} volumes.`,
    })
  if (attachments.length > 0)
    refuse('IncorrectState', { message: `Multi-Attach of ${volume.id} cannot be changed while it is attached.` })
}
