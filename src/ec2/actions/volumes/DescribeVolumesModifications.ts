import type { VolumeModification } from '@aws-sdk/client-ec2'
import { listVolumes } from '../../../control/volumes/find.ts'
import { refuse } from '../../../model/errors.ts'
import { describe } from '../../action.ts'
import { renderModification } from '../../render/volume-modification.ts'

/**
 * The newest change of each volume that was changed.
 * Refuses: InvalidVolume.NotFound, InvalidVolumeModification.NotFound (one that was never changed, by name).
 * Source: EC2 API Reference, DescribeVolumesModifications; for the refusal, terraform-provider-aws.
 */
export const DescribeVolumesModifications = describe('DescribeVolumesModifications', {
  async rows({ VolumeIds = [] }, { tx, caller }): Promise<VolumeModification[]> {
    const volumes = await listVolumes(tx, caller.account, VolumeIds)
    const rows = await tx.db.selectFrom('volumeModifications').selectAll().orderBy('volumeId').execute()
    const byId = new Map(rows.map((it) => [it.volumeId, it]))
    const unchanged = volumes.find((it) => !byId.has(it.id))
    if (VolumeIds.length > 0 && unchanged) refuse('InvalidVolumeModification.NotFound', { id: unchanged.id })
    return volumes.flatMap((it) => byId.get(it.id) ?? []).map(renderModification)
  },
  key: (it) => it.VolumeId ?? '',
  filters: {
    'modification-state': (it) => it.ModificationState,
    'original-iops': (it) => it.OriginalIops,
    'original-size': (it) => it.OriginalSize,
    'original-volume-type': (it) => it.OriginalVolumeType,
    originalMultiAttachEnabled: (it) => it.OriginalMultiAttachEnabled,
    'start-time': (it) => it.StartTime,
    'target-iops': (it) => it.TargetIops,
    'target-size': (it) => it.TargetSize,
    'target-volume-type': (it) => it.TargetVolumeType,
    targetMultiAttachEnabled: (it) => it.TargetMultiAttachEnabled,
    'volume-id': (it) => it.VolumeId,
  },
  render: (it) => it,
  assemble: (VolumesModifications) => ({ VolumesModifications: [...VolumesModifications] }),
})
