/** Changes of volumes as answers have them. Source: EC2 API Reference, "VolumeModification". */
import type { VolumeModification } from '@aws-sdk/client-ec2'
import type { VolumeShape } from '../../control/volumes/modify.ts'
import { reportedIops } from '../../model/volume-types.ts'
import type { VolumeModificationRow } from '../../store/tables/volumes.ts'
import { throughputOf } from './volume.ts'

export function renderModification(row: VolumeModificationRow): VolumeModification {
  const original = told(JSON.parse(row.originalJson) as VolumeShape)
  const target = told(JSON.parse(row.targetJson) as VolumeShape)
  return {
    VolumeId: row.volumeId,
    ModificationState: row.state,
    ...(row.message !== null && { StatusMessage: row.message }),
    OriginalSize: original.size,
    OriginalVolumeType: original.type,
    OriginalIops: original.iops,
    OriginalThroughput: original.throughput,
    OriginalMultiAttachEnabled: original.multiAttach,
    TargetSize: target.size,
    TargetVolumeType: target.type,
    TargetIops: target.iops,
    TargetThroughput: target.throughput,
    TargetMultiAttachEnabled: target.multiAttach,
    Progress: row.progress,
    StartTime: new Date(row.startedAt),
    ...(row.endedAt !== null && { EndTime: new Date(row.endedAt) }),
  }
}

function told(shape: VolumeShape) {
  return {
    ...{ size: shape.sizeGib, type: shape.type, multiAttach: shape.multiAttach === 1 },
    iops: reportedIops({ ...shape, sizeGiB: shape.sizeGib }),
    throughput: throughputOf(shape),
  }
}
