/** The image that every fresh cloud offers: built where it is missing, registered once built. */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { systemClock } from '../../base/clock.ts'
import type { ImageDescription } from '../../images/image-folder.ts'
import { tinyImageIn, tinyRecipe } from '../../images/tiny.ts'
import type { ImageId } from '../../model/ids.ts'
import type { Store, Transaction } from '../../store/store.ts'
import type { Paths, Settings } from '../settings.ts'
import { buildApart } from './build-apart.ts'

/** Amazon's own account, by the alias that tools look images up with. Source: EC2 User Guide, "Find an AMI". */
const owner = { account: '137112412989', alias: 'amazon' }

export interface TinyImageParts {
  readonly paths: Paths
  readonly settings: Settings
  readonly store: Store
  readonly detail: (text: string) => void
}

/** Room of a root disk made from it: thin, and the guest grows its file system into it. */
const rootMiB = 1024

/** Makes sure that the tiny image of this version can be launched. The fake hypervisor boots nothing: it gets a row without files. */
export async function ensureTinyImage(
  { paths, settings, store, detail }: TinyImageParts,
  abort: AbortSignal,
): Promise<ImageId> {
  const recipe = settings.hypervisor === 'fake' ? imaginary.recipe : await tinyRecipe()
  const id = imageIdOf(recipe)
  const known = await store.read(({ db }) =>
    db.selectFrom('images').select('id').where('id', '=', id).executeTakeFirst(),
  )
  const folder = join(paths.images, id)
  const description =
    settings.hypervisor === 'fake'
      ? imaginary
      : ((await tinyImageIn(folder)) ?? (await buildApart(join(paths.cache, 'packages'), folder, detail, abort)))
  if (!known) await store.transact((tx) => register(tx, id, description))
  return id
}

/** An image has the same id wherever it is built: the one that its recipe gives. */
export function imageIdOf(recipe: string): ImageId {
  return `ami-${createHash('sha256').update(recipe).digest('hex').slice(0, 17)}`
}

async function register(tx: Transaction, id: ImageId, image: ImageDescription): Promise<void> {
  await tx.db
    .insertInto('images')
    .values({
      id,
      accountId: owner.account,
      ownerAlias: owner.alias,
      name: image.name,
      description: image.description,
      state: 'available',
      isPublic: 1,
      architecture: image.architecture,
      kernelFile: image.kernel.file,
      ramdiskFile: image.ramdisk.file,
      rootFile: image.root.file,
      commandLine: image.commandLine,
      rootSizeMib: rootMiB,
      digest: image.recipe,
      createdAt: systemClock.now().getTime(),
    })
    .execute()
}

const nothing = { file: 'none', bytes: 0, sha256: '' }

const imaginary: ImageDescription = {
  name: 'cumulet-imaginary',
  description: 'Boots nothing: for the fake hypervisor',
  architecture: 'x86_64',
  defaultUser: 'root',
  rootDevice: '/dev/sda1',
  commandLine: '',
  kernel: nothing,
  ramdisk: nothing,
  root: nothing,
  recipe: 'imaginary',
  packages: {},
}
