import { chmod, lstat, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { systemCode } from '../base/fault.ts'
import { exists } from '../base/files.ts'
import { cpio } from './cpio.ts'
import { makeExt4 } from './ext4.ts'
import { unpackKernel } from './kernel.ts'
import { kernelOf, unpackPackages } from './packages.ts'
import { type Manifest, readRecipe, sha256 } from './recipe.ts'
import { plantTrees } from './tree.ts'

export interface BuildOptions {
  /** Keeps downloaded packages between builds. */
  readonly cacheDir: string
  /** Becomes a link to the image's folder, which has `vmlinuz`, `initrd`, `root.img`, `image.json`. Layers go over what is behind the link. */
  readonly outDir: string
  readonly progress: (line: string) => void
  readonly abort: AbortSignal
}

/** `image.json`: what the image is, and where it came from. */
export interface ImageDescription {
  readonly name: string
  readonly description: string
  readonly architecture: 'x86_64'
  readonly defaultUser: string
  readonly rootDevice: string
  readonly commandLine: string
  readonly kernel: ImageFile
  readonly ramdisk: ImageFile
  readonly root: ImageFile
  /** Digest of recipe and builder: an image with the same is not built again. */
  readonly recipe: string
  readonly packages: Readonly<Record<string, string>>
}

export interface ImageFile {
  readonly file: string
  readonly bytes: number
  readonly sha256: string
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
  await mkdir(dirname(options.outDir), { recursive: true })
  const partial = await mkdtemp(join(dirname(options.outDir), `.${basename(options.outDir)}-`))
  try {
    await chmod(partial, 0o755) // Guests' users read it.
    const image = await build(recipe, partial, options)
    await publish(options.outDir, recipe.digest, partial)
    options.progress(`image ${image.name}: ${Math.ceil(image.root.bytes / 1048576)} MiB root file system`)
    return image
  } finally {
    await rm(partial, { recursive: true, force: true })
  }
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
) {
  const { name, description, architecture, defaultUser, rootDevice, commandLine } = manifest
  const image: ImageDescription = {
    ...{ name, description, architecture, defaultUser, rootDevice, commandLine },
    kernel: await fileIn(folder, 'vmlinuz'),
    ramdisk: await fileIn(folder, 'initrd'),
    root: await fileIn(folder, 'root.img'),
    recipe,
    packages,
  }
  await writeFile(join(folder, 'image.json'), `${JSON.stringify(image, null, 2)}\n`)
  return image
}

async function fileIn(folder: string, file: string): Promise<ImageFile> {
  const content = await readFile(join(folder, file))
  return { file, bytes: content.length, sha256: sha256(content) }
}

/** What `image.json` in `folder` says, if there is a whole image: it is written last. */
async function describedIn(folder: string): Promise<ImageDescription | undefined> {
  try {
    const image = JSON.parse(await readFile(join(folder, 'image.json'), 'utf8')) as ImageDescription
    const files = await readdir(folder)
    return [image.kernel, image.ramdisk, image.root].every((it) => files.includes(it.file)) ? image : undefined
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || error instanceof SyntaxError) return undefined
    throw error
  }
}

/**
 * Gives the folder its name for good, `<outDir>-<recipe>`, and makes `outDir` a link to it. The former image stays where it
 * is: layers of instances lie over it. Only a link is ever replaced, in one move.
 */
async function publish(outDir: string, recipe: string, folder: string): Promise<void> {
  const home = `${outDir}-${recipe.slice(0, 12)}`
  await moveUnless(['EEXIST', 'ENOTEMPTY'], folder, home) // Whoever built it at the same time has built the same.
  const pointer = `${folder}.link`
  await symlink(basename(home), pointer)
  if ((await exists(outDir)) && (await lstat(outDir)).isDirectory()) await rename(outDir, `${folder}.former`)
  await rename(pointer, outDir)
}

async function moveUnless(codes: readonly string[], from: string, to: string): Promise<void> {
  try {
    await rename(from, to)
  } catch (error) {
    if (!codes.includes(systemCode(error) ?? '')) throw error
  }
}

/** A version-8 UUID out of a name: the same file system every time. */
function uuidFrom(name: string): string {
  const digits = sha256(Buffer.from(name))
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-8${digits.slice(13, 16)}-8${digits.slice(17, 20)}-${digits.slice(20, 32)}`
}
