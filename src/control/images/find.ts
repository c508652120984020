import type { Selectable } from 'kysely'
import { refuse } from '../../model/errors.ts'
import { type AccountId, type ImageId, isId, type SnapshotId } from '../../model/ids.ts'
import { prepared } from '../../store/prepared.ts'
import type { Reader } from '../../store/store.ts'
import type { BundledImageRow } from '../../store/tables/bundled-images.ts'
import type { ImageRow } from '../../store/tables/resources.ts'
import { checkIds } from '../lookup.ts'
import { mappingsOf } from './mappings.ts'

/** Every image that the account may use: its own, the public ones, and those shared with it. In the order of their ids. */
export const listImages = prepared((db, account: AccountId) => usable(db, account).orderBy('id'))

function usable(db: Reader['db'], account: AccountId) {
  return db
    .selectFrom('images')
    .selectAll()
    .where('state', '!=', 'deregistered')
    .where((eb) =>
      eb.or([
        eb('accountId', '=', account),
        eb('isPublic', '=', 1),
        eb('id', 'in', eb.selectFrom('launchPermissions').select('imageId').where('accountId', '=', account)),
      ]),
    )
}

const usableImage = prepared((db, account: AccountId, id: ImageId) => usable(db, account).where('id', '=', id))

/** The image, if the account may use it. One that it may not see does not exist for it. */
export async function findImage(reader: Reader, account: AccountId, id: string): Promise<ImageRow> {
  const [checked] = checkIds('image', [id])
  const [image] = checked ? await usableImage(reader, account, checked) : []
  return image ?? refuse('InvalidAMIID.NotFound', { id })
}

/** The image, kernel or RAM disk, if the account owns it. Refuses those that it may only use. */
export async function findOwnImage(reader: Reader, account: AccountId, id: string): Promise<ImageRow> {
  const [checked] = checkImageIds([id])
  const [image] = checked ? await usableImage(reader, account, checked) : []
  if (!image) return refuse('InvalidAMIID.NotFound', { id })
  if (image.accountId !== account) refuse('AuthFailure', { message: `Not authorized for image: ${id}` })
  return image
}

/** Ids of images, kernels and RAM disks, once each. */
export function checkImageIds(ids: readonly string[]): ImageId[] {
  return [...new Set(ids)].flatMap((id) => {
    if (isId('kernel', id) || isId('ramdisk', id)) return [id as unknown as ImageId] // one table holds all three
    return checkIds('image', [id])
  })
}

export type ImageDetails = Pick<
  Selectable<BundledImageRow>,
  'imageId' | 'type' | 'location' | 'kernelId' | 'ramdiskId' | 'failure'
>

/** What images have of bundles, by their ids. */
export async function detailsOf({ db }: Reader): Promise<ReadonlyMap<string, ImageDetails>> {
  const rows = await db
    .selectFrom('bundledImages')
    .select(['imageId', 'type', 'location', 'kernelId', 'ramdiskId', 'failure'])
    .execute()
  return new Map(rows.map((it) => [it.imageId, it]))
}

/** Images whose instances begin with the snapshot: it cannot go before them. */
export async function imagesOver({ db }: Reader, snapshot: SnapshotId): Promise<ImageId[]> {
  const rows = await db
    .selectFrom('images')
    .selectAll()
    .where('state', 'in', ['pending', 'available', 'disabled'])
    .where('rootSnapshotId', 'is not', null)
    .orderBy('id')
    .execute()
  return rows.filter((row) => mappingsOf(row).some((it) => it.snapshot === snapshot)).map((it) => it.id)
}
