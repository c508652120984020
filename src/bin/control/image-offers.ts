/** How an image that lies in the cloud's folder becomes one that can be launched. */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { systemClock } from '../../base/clock.ts'
import { imageMachine } from '../../control/images/machine.ts'
import type { Route } from '../../http/routes.ts'
import { describedIn, type ImageDescription, type ImageOffer } from '../../images/image-folder.ts'
import { type ImageId, isId } from '../../model/ids.ts'
import type { Store, Transaction } from '../../store/store.ts'
import { startStrand } from '../../strand/calls.ts'

/** An image has the same id wherever it is built: the one that its recipe gives. */
export function imageIdOf(recipe: string): ImageId {
  return `ami-${createHash('sha256').update(recipe).digest('hex').slice(0, 17)}`
}

/** Makes the image's row, unless there is one. An account's own gets a strand too, which ends it when it is deregistered. */
export async function offerImage(
  tx: Transaction,
  id: ImageId,
  image: ImageDescription,
  offer: ImageOffer,
): Promise<void> {
  const known = await tx.db.selectFrom('images').select('id').where('id', '=', id).executeTakeFirst()
  if (known) return
  await tx.db
    .insertInto('images')
    .values({
      id,
      accountId: offer.account,
      ownerAlias: offer.alias ?? null,
      name: image.name,
      description: image.description,
      state: offer.alias === undefined ? 'pending' : 'available',
      isPublic: offer.isPublic ? 1 : 0,
      architecture: image.architecture,
      kernelFile: image.kernel?.file ?? null,
      ramdiskFile: image.ramdisk?.file ?? null,
      rootFile: image.root.file,
      commandLine: image.commandLine,
      firmware: image.firmware ?? null,
      rootSizeMib: offer.rootSizeMiB,
      digest: image.recipe,
      createdAt: systemClock.now().getTime(),
    })
    .execute()
  if (offer.alias !== undefined) return
  const bundle = { imageId: id, type: 'machine', location: `${offer.account}/${image.name}`, manifest: '' } as const
  await tx.db
    .insertInto('bundledImages')
    .values({ ...bundle, kernelId: null, ramdiskId: null, failure: null })
    .execute()
  await startStrand(tx, imageMachine, id, {}) // Its folder is there: nothing is unpacked.
}

/** Names are an account's own, one image each. Source: EC2 API Reference, InvalidAMIName.Duplicate. */
async function isTaken({ db }: Transaction, id: ImageId, name: string, account: string): Promise<boolean> {
  const others = db.selectFrom('images').select('id').where('accountId', '=', account).where('name', '=', name)
  return (await others.where('id', '!=', id).executeTakeFirst()) !== undefined
}

export const offersPath = '/cumulet/images/'

/**
 * `POST /cumulet/images/ami-…`: offers the image in the folder of that name. What it is and whose is said by its own
 * `image.json`, which only who runs the cloud can write: so whoever asks from this machine may, and no signature is needed.
 */
export function offerRoute(store: Store, images: string): Route {
  return {
    method: 'POST',
    path: `${offersPath}*`,
    handle: async ({ path }) => {
      const id = path.slice(offersPath.length)
      const image = isId('image', id) ? await describedIn(join(images, id)) : undefined
      if (!image?.offer || !isId('image', id)) return { status: 404, body: `There is no image ${id} to be offered.\n` }
      const { offer } = image
      const isFree = await store.transact(async (tx) => {
        if (await isTaken(tx, id, image.name, offer.account)) return false
        await offerImage(tx, id, image, offer)
        return true
      })
      if (isFree) return { status: 200, body: `${id}\n` }
      return { status: 409, body: `There is an image called ${image.name} already.\n` }
    },
  }
}
