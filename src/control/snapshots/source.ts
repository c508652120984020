/** What a snapshot is made of. */
import type { SnapshotSpec } from '../../host-api/volumes.ts'
import type { ImageId, SnapshotId } from '../../model/ids.ts'
import type { SnapshotRow } from '../../store/tables/volumes.ts'

/** One of another region, which has to come here before a host can do anything. */
export interface FarSnapshot {
  readonly kind: 'region'
  readonly region: string
  readonly snapshot: SnapshotId
}

export type SnapshotSource = SnapshotSpec['of'] | FarSnapshot

export function sourceOf({ sourceJson }: Pick<SnapshotRow, 'sourceJson'>): SnapshotSource {
  return JSON.parse(sourceJson) as SnapshotSource
}

/** What its host makes it of once it came from another region: a disk in a folder of its own among those of images. */
export function broughtHere({ id, sizeGib }: Pick<SnapshotRow, 'id' | 'sizeGib'>): SnapshotSpec['of'] {
  return { kind: 'image', image: folderOf(id), file: 'root.img', sizeMiB: sizeGib * 1024 }
}

/** Whether it came so, or is on its way. */
export function isFromAfar(row: Pick<SnapshotRow, 'id' | 'sourceJson'>): boolean {
  const source = sourceOf(row)
  return source.kind === 'region' || (source.kind === 'image' && source.image === folderOf(row.id))
}

function folderOf(id: SnapshotId): ImageId {
  return id as string as ImageId // A folder among those of images.
}

/** Whoever can read other regions' files. All of it may be done twice. */
export interface Arrivals {
  /** Brings what the snapshot holds here as a disk, for `id`. False where it is there no more. */
  fetch(source: FarSnapshot, id: SnapshotId, abort: AbortSignal): Promise<boolean>
  /** Removes that disk, or what there is of it. */
  clear(id: SnapshotId): Promise<void>
}
