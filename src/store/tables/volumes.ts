import type { AccountId, HostId, ImageId, InstanceId, KeyId, SnapshotId, VolumeId } from '../../model/ids.ts'
import type { VolumeType } from '../../model/volume-types.ts'
import type { Truth } from './resources.ts'

export interface VolumeTables {
  volumes: VolumeRow
  attachments: AttachmentRow
  snapshots: SnapshotRow
  snapshotShares: SnapshotShareRow
  volumeFacts: VolumeFactRow
  snapshotFacts: SnapshotFactRow
  volumeModifications: VolumeModificationRow
}

export interface VolumeRow {
  id: VolumeId
  accountId: AccountId
  zone: string
  /** Who serves it. */
  hostId: HostId
  /** One that is attached is `in-use`: that is seen by its attachments. */
  state: 'creating' | 'available' | 'deleting' | 'error'
  sizeGib: number
  type: VolumeType
  iops: number | null
  throughput: number | null
  multiAttach: Truth
  snapshotId: SnapshotId | null
  createdAt: number
  /** The host's generation that carries its newest wish. */
  wishedIn: number
  autoEnableIo: Truth
  /** The account's key that it is encrypted by. */
  keyId: KeyId | null
  /** The image whose root it began as, or descends from. */
  originImageId?: ImageId | null | undefined
}

export interface AttachmentRow {
  /** `vol-…@i-…`. */
  id: AttachmentId
  volumeId: VolumeId
  instanceId: InstanceId
  /** As the caller wrote it: `/dev/xvdb`. */
  device: string
  state: 'attaching' | 'attached' | 'detaching'
  /** How far it is: served to the domain, plugged into it; taken from it, served no more. */
  stage: 'serve' | 'plug' | 'unplug' | 'withdraw'
  /** 1 to 31: where it is plugged in. */
  slot: number
  deleteOnTermination: Truth
  attachedAt: number
  /** No two rows have the same: the volume, or this attachment where the volume may have many. */
  exclusive: string
  wishedIn: number
}

export type AttachmentId = `${VolumeId}@${InstanceId}`

export interface SnapshotRow {
  id: SnapshotId
  accountId: AccountId
  /** An alias that stands for the owner, as `amazon`. */
  ownerAlias: string | null
  /** What it was taken of, once; `vol-ffffffff` where of no volume. */
  volumeId: string
  sizeGib: number
  state: 'pending' | 'completed' | 'error' | 'deleting'
  progress: number
  description: string
  startedAt: number
  completedAt: number | null
  hostId: HostId
  /** SnapshotSpec['of']. */
  sourceJson: string
  wishedIn: number
  keyId: KeyId | null
  /** The image whose root it holds, or what became of it. */
  originImageId?: ImageId | null | undefined
}

/** Who else may make volumes of it: an account, or `all`. */
export interface SnapshotShareRow {
  snapshotId: SnapshotId
  accountId: AccountId
}

export interface VolumeFactRow {
  id: VolumeId
  hostId: HostId
  state: 'ready' | 'broken'
  sizeMib: number
  /** Those that it is served to. */
  domainsJson: string
  frozenJson: string
  /** Within which it is served, as `VolumeLimits`; null where it is not. */
  limitsJson: string | null
  message: string | null
}

export interface SnapshotFactRow {
  id: SnapshotId
  hostId: HostId
  state: 'copying' | 'complete' | 'broken'
  progress: number
  bytes: number | null
  message: string | null
}

/** The newest change of a volume. */
export interface VolumeModificationRow {
  volumeId: VolumeId
  /** `modifying` until its host has made it so, `optimizing` until its guests see it. */
  state: 'modifying' | 'optimizing' | 'completed' | 'failed'
  progress: number
  /** What the volume was and shall be, as `VolumeShape`. */
  originalJson: string
  targetJson: string
  /** Why it failed. */
  message: string | null
  startedAt: number
  endedAt: number | null
}
