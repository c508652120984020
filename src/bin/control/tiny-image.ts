/** The image that every fresh cloud offers: built where it is missing, registered once built. */
import { join } from 'node:path'
import type { ImageDescription, ImageOffer } from '../../images/image-folder.ts'
import { tinyImageIn, tinyRecipe } from '../../images/tiny.ts'
import type { ImageId } from '../../model/ids.ts'
import type { Store } from '../../store/store.ts'
import type { Paths, Settings } from '../settings.ts'
import { ensureBootParts } from './boot-parts.ts'
import { buildApart } from './build-apart.ts'
import { imageIdOf, offerImage } from './image-offers.ts'

/** Amazon's own account, by the alias that tools look images up with. Source: EC2 User Guide, "Find an AMI". */
const offer: ImageOffer = { account: '137112412989', alias: 'amazon', isPublic: true, rootSizeMiB: 1024 }

export interface TinyImageParts {
  readonly paths: Paths
  readonly settings: Settings
  readonly store: Store
  readonly detail: (text: string) => void
}

/** Makes sure that the tiny image of this version can be launched. The fake hypervisor boots nothing: it gets a row without files. */
export async function ensureTinyImage(
  { paths, settings, store, detail }: TinyImageParts,
  abort: AbortSignal,
): Promise<ImageId> {
  const recipe = settings.hypervisor === 'fake' ? imaginary.recipe : await tinyRecipe()
  const id = imageIdOf(recipe)
  const folder = join(paths.images, id)
  const description =
    settings.hypervisor === 'fake'
      ? imaginary
      : ((await tinyImageIn(folder)) ?? (await buildApart(join(paths.cache, 'packages'), folder, detail, abort)))
  await store.transact((tx) => offerImage(tx, id, description, offer))
  await ensureBootParts(store, paths, id, description)
  return id
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
