import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cpio } from './cpio.ts'
import { makeExt4 } from './ext4.ts'
import { describedIn, fileIn, type ImageDescription, makeImage, uuidFrom } from './image-folder.ts'
import { unpackKernel } from './kernel.ts'
import { kernelOf, unpackPackages } from './packages.ts'
import { type Manifest, readRecipe } from './recipe.ts'
import { plantTrees } from './tree.ts'

export interface BuildOptions {
  /** Keeps downloaded packages between builds. */
  readonly cacheDir: string
  /** Becomes a link to the image's folder, which has `vmlinuz`, `initrd`, `root.img`, `image.json`. Layers go over what is behind the link. */
  readonly outDir: string
  readonly progress: (line: string) => void
  readonly abort: AbortSignal
}

const here = dirname(fileURLToPath(import.meta.url))
const recipeFolder = join(here, '../../images/tiny')

/** Digest of the recipe and the builder, as `ImageDescription.recipe`: an image with another is another image. */
export async function tinyRecipe(): Promise<string> {
  return (await readRecipe(recipeFolder, here)).digest
}

/** The image in this folder, if it is there and of this recipe. */
export async function tinyImageIn(folder: string): Promise<ImageDescription | undefined> {
  const [image, recipe] = await Promise.all([describedIn(folder), tinyRecipe()])
  return image?.recipe === recipe ? image : undefined
}

/**
 * The image that boots in seconds. Built from Debian packages when `outDir` has none of this recipe: an image that is there
 * is taken as it is, without a word to apt. Appears as a whole or not at all.
 */
export async function buildTinyImage(options: BuildOptions): Promise<ImageDescription> {
  const recipe = await readRecipe(recipeFolder, here)
  const present = await describedIn(options.outDir)
  if (present?.recipe === recipe.digest) return present
  await mkdir(options.cacheDir, { recursive: true })
  const image = await makeImage(options.outDir, (folder) => build(recipe, folder, options))
  options.progress(`image ${image.name}: ${Math.ceil(image.root.bytes / 1048576)} MiB root file system`)
  return image
}

async function build(recipe: Awaited<ReturnType<typeof readRecipe>>, folder: string, options: BuildOptions) {
  const { manifest } = recipe
  const kernel = await kernelOf(manifest.kernelPackage, options)
  const packages = await unpackPackages([kernel, ...manifest.packages], options)
  try {
    options.progress(`building the image ${manifest.name}`)
    const trees = await plantTrees(recipe, packages.folder, options.abort)
    const bzImage = await readFile(join(packages.folder, 'boot', kernel.replace('linux-image-', 'vmlinuz-')))
    await writeFile(join(folder, 'vmlinuz'), unpackKernel(bzImage))
    await writeFile(join(folder, 'initrd'), cpio(trees.initrd))
    const shape = {
      blocks: manifest.rootBlocks,
      blockSize: manifest.blockSize,
      label: 'root',
      uuid: uuidFrom(manifest.name),
    }
    await makeExt4(join(folder, 'root.img'), trees.root, shape, options.abort)
    return await describe(manifest, recipe.digest, packages.versions, folder)
  } finally {
    await rm(packages.folder, { recursive: true, force: true })
  }
}

async function describe(
  manifest: Manifest,
  recipe: string,
  packages: Readonly<Record<string, string>>,
  folder: string,
): Promise<ImageDescription> {
  const { name, description, architecture, defaultUser, rootDevice, commandLine } = manifest
  return {
    ...{ name, description, architecture, defaultUser, rootDevice, commandLine },
    kernel: await fileIn(folder, 'vmlinuz'),
    ramdisk: await fileIn(folder, 'initrd'),
    root: await fileIn(folder, 'root.img'),
    recipe,
    packages,
  }
}
