import type { ImageId } from '../../model/ids.ts'
import type { Reader } from '../../store/store.ts'

/** Whether a copy or an export of the image is being made. */
export async function isRead({ db }: Reader, id: ImageId): Promise<boolean> {
  const copies = db.selectFrom('images').select('id').where('sourceImageId', '=', id).where('state', '=', 'pending')
  const exports = db.selectFrom('diskTasks').select('id').where('imageId', '=', id).where('state', '=', 'active')
  return Boolean((await copies.executeTakeFirst()) ?? (await exports.executeTakeFirst()))
}

/** Whether an instance that has not ended was launched from the image, or an image or a launch boots through its kernel or RAM disk. */
export async function isUsed({ db }: Reader, id: ImageId): Promise<boolean> {
  const user = await db
    .selectFrom('instances')
    .select('id')
    .where('imageId', '=', id)
    .where('state', '!=', 'terminated')
    .executeTakeFirst()
  const booted = await db
    .selectFrom('bundledImages')
    .select('imageId')
    .where((eb) => eb.or([eb('kernelId', '=', id), eb('ramdiskId', '=', id)]))
    .executeTakeFirst()
  const over = await db.selectFrom('images').select('id').where('bootImageId', '=', id).executeTakeFirst()
  const launched = await db
    .selectFrom('instanceBoots')
    .innerJoin('instances', 'instances.id', 'instanceBoots.instanceId')
    .select('instances.id')
    .where((eb) => eb.or([eb('kernelId', '=', id), eb('ramdiskId', '=', id)]))
    .where('instances.state', '!=', 'terminated')
    .executeTakeFirst()
  return Boolean(user ?? booted ?? over ?? launched)
}
