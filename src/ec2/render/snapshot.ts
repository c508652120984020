/** Snapshots as answers have them. Source: EC2 API Reference, "Snapshot". */
import type { Snapshot } from '@aws-sdk/client-ec2'
import { type Tags, tagList } from '../../control/tags/tags.ts'
import { keyArn } from '../../control/volumes/encryption.ts'
import type { Cloud } from '../../model/cloud.ts'
import type { SnapshotRow } from '../../store/tables/volumes.ts'

export function renderSnapshot(cloud: Cloud, row: SnapshotRow & { readonly tags: Tags }): Snapshot {
  return {
    SnapshotId: row.id,
    VolumeId: row.volumeId,
    VolumeSize: row.sizeGib,
    State: row.state === 'deleting' ? 'pending' : row.state,
    ...(row.state === 'error' && { StateMessage: 'The snapshot could not be made.' }),
    StartTime: new Date(row.startedAt),
    ...(row.completedAt !== null && { CompletionTime: new Date(row.completedAt) }),
    Progress: `${row.progress}%`,
    OwnerId: row.accountId,
    ...(row.ownerAlias !== null && { OwnerAlias: row.ownerAlias }),
    Description: row.description,
    Encrypted: row.keyId !== null,
    ...(row.keyId !== null && { KmsKeyId: keyArn(cloud, row.accountId, row.keyId) }),
    StorageTier: 'standard',
    Tags: tagList(row.tags),
  }
}
