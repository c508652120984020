/** Makes an image of what others made: a disk, a folder with a root file system, an OCI image. All of it may be hostile. */
import { createReadStream } from 'node:fs'
import { chmod, copyFile, lstat, mkdir, mkdtemp, open, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { Fault } from '../../base/fault.ts'
import { exists } from '../../base/files.ts'
import { ext4FromFolder, fittingMiB } from '../disk/folder-ext4.ts'
import { fileIn, type ImageDescription, type ImageOffer } from '../image-folder.ts'
import { sha256 } from '../recipe.ts'
import { takeBootFiles } from './boot-files.ts'
import { type Contents, contentsOf, headBytes } from './contents.ts'
import { convertDisk, requireRoom, roomIn } from './convert.ts'
import type { DiskFormat } from './disk-format.ts'
import { unpackOci } from './oci.ts'
import { type Budget, unpackLayer } from './unpack.ts'

export interface Lender {
  readonly folder: string
  readonly image: ImageDescription
}

export interface ImportOptions {
  readonly name: string
  readonly format?: DiskFormat
  /** Of a whole disk; otherwise what its boot sector says. */
  readonly firmware?: 'bios' | 'uefi'
  readonly largestGiB: number
  /** Where it is unpacked, beside where it comes to lie. */
  readonly scratch: string
  /** A kernel and its RAM disk for file systems that have none; the RAM disk starts /sbin/init of the disk `sda1`. */
  readonly lender: Lender | (() => Promise<Lender>)
  /** Of a new file system. */
  readonly uuid: string
  readonly now: Date
  readonly account: string
  readonly progress: (text: string) => void
  readonly abort: AbortSignal
}

/** Fills `folder` with the image made of `source`. Throws a `Fault` that says why not; nothing is left in `scratch`. */
export async function importImage(source: string, folder: string, options: ImportOptions): Promise<ImageDescription> {
  await mkdir(options.scratch, { recursive: true })
  const scratch = await mkdtemp(join(options.scratch, 'import-'))
  try {
    await makeRoot(source, join(folder, 'root.img'), scratch, options)
    return await finish(folder, scratch, options)
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

/** The same of a disk alone, in a `scratch` that is empty and somebody else's to remove. The file is ours: it is not copied. */
export async function importDisk(source: string, folder: string, options: ImportOptions): Promise<ImageDescription> {
  await convertDisk(source, join(folder, 'root.img'), { ...options, owned: true })
  return await finish(folder, options.scratch, options)
}

async function finish(folder: string, scratch: string, options: ImportOptions): Promise<ImageDescription> {
  const root = join(folder, 'root.img')
  await chmod(root, 0o644)
  options.progress('looking for what starts it')
  const contents = contentsOf(await headOf(root))
  if (contents.kind === 'ext4' && options.firmware) throw new Fault('it is a bare file system: no firmware starts it')
  const boot = await bootOf(contents, folder, scratch, options)
  return await describe(folder, boot, options)
}

async function makeRoot(source: string, root: string, scratch: string, options: ImportOptions): Promise<void> {
  const { progress, abort } = options
  if ((await stat(source)).isDirectory() && !(await exists(join(source, 'oci-layout')))) {
    progress('making a file system of the folder')
    return await makeFileSystem(source, root, options)
  }
  if (!(await stat(source)).isDirectory() && !(await isTar(source))) {
    progress('reading the disk')
    return await convertDisk(source, root, { ...options, scratch, abort })
  }
  const layout = await layoutOf(source, scratch, options)
  const unpacked = join(scratch, 'root')
  await mkdir(unpacked, { mode: 0o755 })
  progress('unpacking layers')
  await unpackOci(layout, unpacked, await budgetOf(options))
  progress('making a file system of them')
  await makeFileSystem(unpacked, root, options)
}

/** Files are many in a system, but not as many as a hostile archive has. */
async function budgetOf({ largestGiB, scratch }: ImportOptions): Promise<Budget> {
  return { bytes: Math.min(largestGiB * 2 ** 30, await roomIn(scratch)), entries: 2_000_000 }
}

async function layoutOf(source: string, scratch: string, options: ImportOptions): Promise<string> {
  if ((await stat(source)).isDirectory()) return source
  const layout = join(scratch, 'layout')
  await mkdir(layout, { mode: 0o700 })
  options.progress('unpacking the archive')
  await requireRoom(scratch, (await stat(source)).size)
  await unpackLayer(createReadStream(source), layout, await budgetOf(options))
  const mark = await lstat(join(layout, 'oci-layout')).catch(() => undefined) // Not there: no layout.
  if (!mark?.isFile()) throw new Fault('it is an archive, and no OCI image: it has no oci-layout')
  return layout
}

/** Source: POSIX.1-2017, pax, "ustar Interchange Format": `magic`. */
async function isTar(file: string): Promise<boolean> {
  await using handle = await open(file)
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(512), 0, 512, 0)
  return bytesRead === 512 && buffer.toString('latin1', 257, 262) === 'ustar'
}

async function makeFileSystem(folder: string, file: string, options: ImportOptions): Promise<void> {
  const sizeMiB = await fittingMiB(folder, options.abort)
  if (sizeMiB > options.largestGiB * 1024)
    throw new Fault(`it takes ${sizeMiB} MiB, and at most ${options.largestGiB * 1024} are taken`)
  await requireRoom(options.scratch, sizeMiB * 2 ** 20)
  const time = Math.floor(options.now.getTime() / 1000)
  await ext4FromFolder(folder, file, { sizeMiB, label: 'root', uuid: options.uuid, time }, options.abort)
}

async function headOf(file: string): Promise<Buffer> {
  await using handle = await open(file)
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(headBytes), 0, headBytes, 0)
  return buffer.subarray(0, bytesRead)
}

type Boot = Pick<ImageDescription, 'kernel' | 'ramdisk' | 'commandLine' | 'firmware'>

async function bootOf(contents: Contents, folder: string, scratch: string, options: ImportOptions): Promise<Boot> {
  if (contents.kind === 'whole-disk') return { commandLine: '', firmware: options.firmware ?? contents.firmware }
  const own = await takeBootFiles(join(folder, 'root.img'), folder, scratch, options.abort)
  if (!own) return await lent(folder, options.lender)
  const root = own.ramdisk ? `UUID=${contents.uuid}` : '/dev/vda'
  return {
    kernel: await fileIn(folder, own.kernel),
    ...(own.ramdisk && { ramdisk: await fileIn(folder, own.ramdisk) }),
    commandLine: `root=${root} ro console=ttyS0,115200 net.ifnames=0`,
  }
}

async function lent(folder: string, lender: ImportOptions['lender']): Promise<Boot> {
  const { folder: from, image } = typeof lender === 'function' ? await lender() : lender
  if (!image.kernel || !image.ramdisk) throw new Fault('it has no kernel in /boot, and there is none to lend')
  for (const { file } of [image.kernel, image.ramdisk]) await copyFile(join(from, file), join(folder, file))
  return { kernel: image.kernel, ramdisk: image.ramdisk, commandLine: image.commandLine }
}

async function describe(folder: string, boot: Boot, options: ImportOptions): Promise<ImageDescription> {
  const root = await fileIn(folder, 'root.img')
  const offer: ImageOffer = {
    account: options.account,
    isPublic: false,
    rootSizeMiB: Math.ceil(root.bytes / 2 ** 30) * 1024,
  }
  return {
    name: options.name,
    description: 'Imported',
    ...{ architecture: 'x86_64' as const, defaultUser: 'root', rootDevice: 'sda1' },
    ...boot,
    root,
    recipe: sha256(Buffer.from(JSON.stringify([root, boot]))),
    packages: {},
    offer,
  }
}
