/** The kernel and the RAM disk of the image that every fresh cloud offers, as images of their own: what other images boot through. */
import { symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock } from '../../base/clock.ts'
import { exists } from '../../base/files.ts'
import type { ImageDescription } from '../../images/image-folder.ts'
import { type ImageId, isId } from '../../model/ids.ts'
import type { Store, Transaction } from '../../store/store.ts'
import type { Paths } from '../settings.ts'

const owner = { accountId: '137112412989', ownerAlias: 'amazon' } as const

/** Makes sure that there are `aki-…` and `ari-…` beside `ami-…`, of the same digits; their folders are links to the image's. */
export async function ensureBootParts(
  store: Store,
  paths: Paths,
  image: ImageId,
  description: ImageDescription,
): Promise<void> {
  const parts = { kernel: partId('kernel', image), ramdisk: partId('ramdisk', image) }
  await store.transact(async (tx) => {
    for (const type of ['kernel', 'ramdisk'] as const) await register(tx, parts[type], type, description)
    const row = { imageId: image, type: 'machine', kernelId: parts.kernel, ramdiskId: parts.ramdisk } as const
    await tx.db
      .insertInto('bundledImages')
      .values({ ...row, location: `amazon/${description.name}`, manifest: '', failure: null })
      .onConflict((it) => it.doNothing())
      .execute()
  })
  for (const id of Object.values(parts)) {
    const folder = join(paths.images, id)
    if ((await exists(join(paths.images, image))) && !(await exists(folder))) await symlink(image, folder)
  }
}

function partId(kind: 'kernel' | 'ramdisk', image: ImageId): ImageId {
  const id = image.replace('ami-', kind === 'kernel' ? 'aki-' : 'ari-')
  if (!isId(kind, id)) throw new Error(`${image} is no image's id`)
  return id as unknown as ImageId // one table holds all three
}

async function register(
  { db }: Transaction,
  id: ImageId,
  type: 'kernel' | 'ramdisk',
  it: ImageDescription,
): Promise<void> {
  const known = await db.selectFrom('images').select('id').where('id', '=', id).executeTakeFirst()
  if (known) return
  const name = `${it.name}-${type}`
  await db
    .insertInto('images')
    .values({
      ...{ id, ...owner, name, description: `${type === 'kernel' ? 'Kernel' : 'RAM disk'} of ${it.name}` },
      ...{ state: 'available', isPublic: 1, architecture: it.architecture, kernelFile: it.kernel?.file ?? null },
      ...{
        ramdiskFile: it.ramdisk?.file ?? null,
        firmware: null,
        rootFile: it.root.file,
        commandLine: it.commandLine,
        rootSizeMib: 0,
      },
      ...{ digest: it.recipe, createdAt: systemClock.now().getTime() },
    })
    .execute()
  await db
    .insertInto('bundledImages')
    .values({
      ...{
        imageId: id,
        type,
        location: `amazon/${name}`,
        kernelId: null,
        ramdiskId: null,
        manifest: '',
        failure: null,
      },
    })
    .execute()
}
