/** An image as a folder: its files, and `image.json` that describes them, written last. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { chmod, lstat, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { systemCode } from '../base/fault.ts'
import { exists } from '../base/files.ts'
import { sha256 } from './recipe.ts'

/** `image.json`: what the image is, and where it came from. */
export interface ImageDescription {
  readonly name: string
  readonly description: string
  readonly architecture: 'x86_64'
  readonly defaultUser: string
  readonly rootDevice: string
  readonly commandLine: string
  /** None where the firmware starts a boot loader on the disk. */
  readonly kernel?: ImageFile
  readonly ramdisk?: ImageFile
  readonly firmware?: 'bios' | 'uefi'
  readonly root: ImageFile
  /** Digest of recipe and builder: an image with the same is not built again. */
  readonly recipe: string
  readonly packages: Readonly<Record<string, string>>
  /** What it is offered as; the cloud that builds it by itself knows better. */
  readonly offer?: ImageOffer
}

/** Whose image it is, who may launch it, and what its instances get. */
export interface ImageOffer {
  readonly account: string
  /** That stands for the owner, as `amazon`. */
  readonly alias?: string
  readonly isPublic: boolean
  /** Of a root disk made from it: thin, and the guest grows its file system into it. */
  readonly rootSizeMiB: number
}

export interface ImageFile {
  readonly file: string
  readonly bytes: number
  readonly sha256: string
}

/** What `image.json` in `folder` says, if there is a whole image. */
export async function describedIn(folder: string): Promise<ImageDescription | undefined> {
  try {
    const image = JSON.parse(await readFile(join(folder, 'image.json'), 'utf8')) as ImageDescription
    const files = await readdir(folder)
    return [image.kernel, image.ramdisk, image.root].every((it) => !it || files.includes(it.file)) ? image : undefined
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || error instanceof SyntaxError) return undefined
    throw error
  }
}

/** A file of the image, read once to tell its digest. */
export async function fileIn(folder: string, file: string): Promise<ImageFile> {
  const path = join(folder, file)
  const hash = createHash('sha256')
  await pipeline(createReadStream(path), hash)
  return { file, bytes: (await stat(path)).size, sha256: hash.digest('hex') }
}

/** Has `make` fill a folder beside `outDir`, and puts it there when it is whole. What was begun and not ended is removed. */
export async function makeImage(
  outDir: string,
  make: (folder: string) => Promise<ImageDescription>,
): Promise<ImageDescription> {
  await mkdir(dirname(outDir), { recursive: true })
  const partial = await mkdtemp(join(dirname(outDir), `.${basename(outDir)}-`))
  try {
    await chmod(partial, 0o755) // Guests' users read it.
    const image = await make(partial)
    await writeFile(join(partial, 'image.json'), `${JSON.stringify(image, null, 2)}\n`)
    await publish(outDir, image.recipe, partial)
    return image
  } finally {
    await rm(partial, { recursive: true, force: true })
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
export function uuidFrom(name: string): string {
  const digits = sha256(Buffer.from(name))
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-8${digits.slice(13, 16)}-8${digits.slice(17, 20)}-${digits.slice(20, 32)}`
}
