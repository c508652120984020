/** An image as it is to be copied: its row and what belongs to it, from the rows of the region that it is in. */
import { ApiError, refuse } from '../../model/errors.ts'
import type { AccountId, SnapshotId } from '../../model/ids.ts'
import type { Reader } from '../../store/store.ts'
import type { ImageRow } from '../../store/tables/resources.ts'
import type { SnapshotRow } from '../../store/tables/volumes.ts'
import { findSnapshot } from '../snapshots/find.ts'
import { type Tags, tagsOf } from '../tags/tags.ts'
import { findImage } from './find.ts'
import type { ImageMapping } from './mappings.ts'

export interface Original {
  readonly image: ImageRow
  readonly kernelId: string | null
  readonly ramdiskId: string | null
  /** Those that its volumes begin as. */
  readonly snapshots: ReadonlyMap<SnapshotId, SnapshotRow>
  readonly tags: Tags
  /** What its disk came out of. */
  readonly bundle?: { readonly account: AccountId; readonly location: string; readonly manifest: string }
}

/**
 * The image, if the account may copy it. Refuses: InvalidAMIID.NotFound, InvalidAMIID.Unavailable, InvalidRequest (of a snapshot that is
 * not the account's to read), IncorrectState.
 */
export async function originalOf(reader: Reader, account: AccountId, id: string): Promise<Original> {
  const image = await findImage(reader, account, id)
  if (image.state !== 'available') refuse('InvalidAMIID.Unavailable', { id: image.id })
  const snapshots = new Map<SnapshotId, SnapshotRow>()
  for (const it of snapshotsOf(image)) if (!snapshots.has(it)) snapshots.set(it, await readable(reader, account, it))
  const tags = (await tagsOf(reader, [image.id])).get(image.id) ?? {}
  return { image, snapshots, tags, ...(await bundleOf(reader, image)) }
}

async function bundleOf(
  { db }: Reader,
  { id, accountId: account }: ImageRow,
): Promise<Pick<Original, 'kernelId' | 'ramdiskId' | 'bundle'>> {
  const row = await db.selectFrom('bundledImages').selectAll().where('imageId', '=', id).executeTakeFirst()
  if (!row) return { kernelId: null, ramdiskId: null }
  const { kernelId, ramdiskId, location, manifest } = row
  return { kernelId, ramdiskId, ...(manifest !== '' && { bundle: { account, location, manifest } }) }
}

export function mappingsIn({ mappingsJson }: Pick<ImageRow, 'mappingsJson'>): ImageMapping[] {
  return JSON.parse(mappingsJson ?? '[]') as ImageMapping[]
}

function snapshotsOf(image: ImageRow): SnapshotId[] {
  const mapped = mappingsIn(image).flatMap((it) => ('virtual' in it ? [] : (it.snapshot ?? [])))
  return image.rootSnapshotId ? [...mapped, image.rootSnapshotId] : mapped
}

/** Source: the text of EC2's refusal, as quoted in clong/DetectionLab#422; the code, in public logs of the AWS CLI. */
const noAccess = 'You do not have permission to access the storage of this ami'

async function readable(reader: Reader, account: AccountId, id: SnapshotId): Promise<SnapshotRow> {
  const { shares: _, ...row } = await findSnapshot(reader, account, id).catch((error: unknown) => {
    if (error instanceof ApiError) refuse('InvalidRequest', { message: noAccess })
    throw error
  })
  if (row.state !== 'completed') refuse('IncorrectState', { message: `Snapshot is in invalid state - ${row.state}` })
  return row
}
