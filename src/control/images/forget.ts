import type { ImageId } from '../../model/ids.ts'
import type { Transaction } from '../../store/store.ts'

/** Removes all rows of an image: nobody uses it any more, and its files have gone. */
export async function forgetImage({ db }: Transaction, id: ImageId): Promise<void> {
  await db.deleteFrom('launchPermissions').where('imageId', '=', id).execute()
  await db.deleteFrom('tags').where('resourceId', '=', id).execute()
  await db.deleteFrom('bundledImages').where('imageId', '=', id).execute()
  await db.deleteFrom('images').where('id', '=', id).execute()
}
