/** Debian with cloud-init, from the machine's own mirror. The recipe is in `images/debian`. */
import { createHash } from 'node:crypto'
import { chmod, lstat, mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync, zstdDecompressSync } from 'node:zlib'
import { Fault } from '../../base/fault.ts'
import { below } from '../../base/files.ts'
import { reseedProgram } from '../../base/reseed-program.ts'
import { run } from '../../base/subprocess.ts'
import { ext4FromFolder } from '../disk/folder-ext4.ts'
import { fileIn, type ImageDescription, type ImageOffer } from '../image-folder.ts'
import { unpackKernel } from '../kernel.ts'
import { entriesIn } from '../recipe.ts'
import type { Archive } from './archive.ts'
import { bootstrap } from './bootstrap.ts'

export interface DebianOptions {
  readonly archive: Archive
  /** Where the system is unpacked: 600 MB, gone afterwards. Files of a system work there as they do on a disk: no `nodev`, no `noexec`. */
  readonly scratch: string
  readonly progress: (part: number, text: string) => void
  readonly abort: AbortSignal
}

interface Manifest {
  readonly name: string
  readonly defaultUser: string
  /** Of the root file system: the kernel and `fstab` look for it. */
  readonly uuid: string
  readonly kernelPackage: string
  readonly packages: readonly string[]
  readonly commandLine: string
}

/**
 * Debian's own account, under the alias that EC2 shows its images with: tools look for either.
 * Source: Debian Wiki, "Cloud/AmazonEC2Image/Bookworm"; EC2 User Guide, "Find an AMI", verified providers.
 * The size is that of Debian's own images.
 */
const offer: ImageOffer = { account: '136693071363', alias: 'amazon', isPublic: true, rootSizeMiB: 8192 }

const here = dirname(fileURLToPath(import.meta.url))
const recipeFolder = join(here, '../../../images/debian')

/**
 * `debian-12-amd64-20261125-1532`: the form of the names that tools look for, the number here of the recipe.
 * Source: Debian Wiki, "Cloud/AmazonEC2Image/Bookworm".
 */
export function debianName({ version, date }: Archive, recipe: string): string {
  const number = (Number.parseInt(recipe.slice(0, 8), 16) % 10_000).toString().padStart(4, '0')
  return `debian-${version}-amd64-${date.toISOString().slice(0, 10).replaceAll('-', '')}-${number}`
}

/** Changes with the recipe, the builder, and the day of the archive: an image with the same need not be built again. */
export async function debianRecipe(archive: Archive): Promise<string> {
  const files = [
    ...(await entriesIn(recipeFolder)),
    ...(await entriesIn(here)),
    ...(await entriesIn(join(here, '../disk'))),
  ]
  const hash = createHash('sha256').update(`${archive.codename} ${archive.date.toISOString()}`)
  for (const it of files) {
    if (it.kind === 'file' && !it.path.endsWith('.test.ts')) hash.update(`${it.path} ${it.mode} `).update(it.content)
  }
  return hash.update(reseedProgram()).digest('hex')
}

/** Fills `folder` with the image's files: 40 s and more, most of it apt's. The same archive gives the same bytes. */
export async function buildDebian(folder: string, options: DebianOptions): Promise<ImageDescription> {
  const { archive, progress, abort } = options
  const manifest = JSON.parse(await readFile(join(recipeFolder, 'manifest.json'), 'utf8')) as Manifest
  await mkdir(options.scratch, { recursive: true })
  const scratch = await mkdtemp(join(options.scratch, 'debian-'))
  try {
    const root = join(scratch, 'root')
    const packages = [...manifest.packages, manifest.kernelPackage]
    const [prepare, finish] = [join(recipeFolder, 'prepare'), join(recipeFolder, 'finish')]
    const upTo = (part: number, text: string) => progress(part * 0.85, text)
    await bootstrap(root, { archive, packages, prepare, finish, progress: upTo, abort })
    const time = Math.floor(archive.date.getTime() / 1000)
    await addReseedProgram(join(root, 'usr/lib/cumulet'), time)
    progress(0.85, 'taking kernel and RAM disk')
    await takeBootFiles(join(root, 'boot'), folder)
    progress(0.9, 'making the root file system')
    const sizeMiB = await roomFor(root)
    await ext4FromFolder(root, join(folder, 'root.img'), { sizeMiB, label: 'root', uuid: manifest.uuid, time }, abort)
    progress(0.97, 'taking digests')
    return await describe(manifest, archive, folder, await versionsIn(root, abort))
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

/** Beside what runs it when a copy of a parked machine wakes. */
async function addReseedProgram(folder: string, time: number): Promise<void> {
  const file = join(folder, 'reseed')
  await writeFile(file, reseedProgram())
  await chmod(file, 0o755) // Whatever our umask is.
  for (const it of [file, folder]) await utimes(it, time, time)
}

/** Both unpacked once here, and not at each start of a guest. */
async function takeBootFiles(boot: string, folder: string): Promise<void> {
  const names = await readdir(boot)
  const file = async (prefix: string) => {
    const name = names.find((it) => it.startsWith(prefix))
    if (!name) throw new Fault(`the kernel's package left no ${prefix}`)
    return await readFile(join(boot, name))
  }
  await writeFile(join(folder, 'vmlinuz'), unpackKernel(await file('vmlinuz-')))
  await writeFile(join(folder, 'initrd'), unpackRamdisk(await file('initrd.img-')))
}

function unpackRamdisk(content: Buffer): Buffer {
  if (content.readUInt16BE(0) === 0x1f8b) return gunzipSync(content)
  return content.readUInt32LE(0) === 0xfd2fb528 ? zstdDecompressSync(content) : content
}

/**
 * MiB, a quarter more than there is: the rest comes when the guest grows it. Counted by what is in the files, for what they and their
 * folders take differs from one of our own file systems to another.
 */
async function roomFor(folder: string): Promise<number> {
  let bytes = 0
  for await (const it of below(folder)) {
    bytes += 2048 // of blocks that are not full, and of folders
    if (it.isFile()) bytes += (await lstat(join(it.parentPath, it.name))).size
  }
  return Math.ceil(((bytes / 2 ** 20) * 1.25 + 64) / 64) * 64
}

async function versionsIn(root: string, abort: AbortSignal): Promise<Record<string, string>> {
  const admin = `--admindir=${join(root, 'var/lib/dpkg')}`
  const text = await run('dpkg-query', [admin, '-W', '-f', `\${Package} \${Version}\n`], { abort })
  return Object.fromEntries(
    text
      .trim()
      .split('\n')
      .map((it) => it.split(' ') as [string, string]),
  )
}

async function describe(
  { defaultUser, commandLine }: Manifest,
  archive: Archive,
  folder: string,
  packages: Record<string, string>,
): Promise<ImageDescription> {
  const recipe = await debianRecipe(archive)
  return {
    name: debianName(archive, recipe),
    description: `Debian ${archive.version} of ${archive.date.toISOString().slice(0, 10)} with cloud-init; logs in ${defaultUser} by key`,
    ...{ architecture: 'x86_64' as const, defaultUser, rootDevice: 'sda1', commandLine },
    kernel: await fileIn(folder, 'vmlinuz'),
    ramdisk: await fileIn(folder, 'initrd'),
    root: await fileIn(folder, 'root.img'),
    recipe,
    packages,
    offer,
  }
}
