import { chmod, chown, link, open, rename, statfs, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { Fault } from '../../base/fault.ts'
import { run, SubprocessError } from '../../base/subprocess.ts'
import { importUser, type Limits, openFolder, runConfined, takeOver } from './confined.ts'
import { type DiskFormat, diskFormatOf, driverOf, type Ends } from './disk-format.ts'

export interface ConvertOptions {
  /** Ours and empty, with room for the disk twice. */
  readonly scratch: string
  /** What whoever gave the file says that it is. */
  readonly format?: DiskFormat
  /** The source is ours alone, nobody else can change it: it need not be copied. */
  readonly owned?: boolean
  /** A disk that is larger is refused before it is unpacked. */
  readonly largestGiB: number
  readonly abort: AbortSignal
}

/**
 * Makes a raw, sparse disk of `source` at `target`. The file is copied first, so that it is the same when it is checked and when it
 * is read. Refuses what leads to other files, says it is larger than allowed or than the room there is, or is not what it is said to be.
 */
export async function convertDisk(source: string, target: string, options: ConvertOptions): Promise<void> {
  const { scratch, abort } = options
  const copy = join(scratch, 'source')
  const bytes = await sizeOf(source)
  await copyOf(source, copy, bytes, options)
  const format = chosenFormat(await endsOf(copy), options.format)
  if (format === 'raw') {
    requireSize(bytes, options.largestGiB)
    await truncate(copy, Math.ceil(bytes / 512) * 512)
    return await rename(copy, target)
  }
  await chown(copy, importUser, importUser)
  await chmod(copy, 0o400)
  await chmod(scratch, 0o711)
  const out = await openFolder(join(scratch, 'out'))
  const limits: Limits = { largestFile: options.largestGiB * 2 ** 30, abort }
  const size = await virtualSize(copy, format, limits)
  requireSize(size, options.largestGiB)
  await requireRoom(scratch, size)
  if (format !== 'vhd') await requireWhole(copy, format, limits)
  await qemuImg(['convert', '-O', 'raw', '-S', '64k', opened(copy, format), join(out, 'disk')], {
    ...limits,
    largestFile: size,
  })
  await takeOver(out, 'disk', target)
}

async function copyOf(source: string, copy: string, bytes: number, options: ConvertOptions): Promise<void> {
  if (options.owned) return await link(source, copy)
  await requireRoom(options.scratch, bytes)
  const { abort } = options
  await run('cp', ['--sparse=always', '--reflink=auto', '--', source, copy], { abort, timeoutMs: 3_600_000 })
}

/** What is said counts only where the file says the same, or nothing: a format that is tried is a way in. */
function chosenFormat(ends: Ends, said: DiskFormat | undefined): DiskFormat {
  const found = diskFormatOf(ends)
  if (said !== undefined && said !== found) throw new Fault(`it is said to be ${said}, and is ${found}`)
  return found
}

/** The file by driver and name: nothing is tried out, and no other file is opened on its word. */
function opened(file: string, format: DiskFormat): string {
  const withoutBacking = format === 'qcow2' || format === 'vmdk' ? { backing: null } : {}
  return `json:${JSON.stringify({ driver: driverOf[format], ...withoutBacking, file: { driver: 'file', filename: file } })}`
}

async function virtualSize(file: string, format: DiskFormat, limits: Limits): Promise<number> {
  const text = await qemuImg(['info', '--output=json', opened(file, format)], limits)
  const info = JSON.parse(text) as Record<string, unknown>
  if (info['format'] !== driverOf[format]) throw new Fault(`it is no ${format}`)
  if (info['backing-filename'] !== undefined) throw new Fault('it has a backing file')
  if (info['encrypted'] === true) throw new Fault('it is encrypted')
  return Number(info['virtual-size'])
}

/** Without this what is missing would be read as zeros. Lost clusters (3) do no harm. Source: qemu-img(1), "check"; VHD has no such check. */
async function requireWhole(file: string, format: DiskFormat, limits: Limits): Promise<void> {
  try {
    await runConfined('qemu-img', ['check', '-q', opened(file, format)], limits)
  } catch (error) {
    limits.abort.throwIfAborted()
    if (error instanceof SubprocessError && error.exitCode === 3) return
    throw new Fault('it is damaged, or a part of it is missing', { cause: error })
  }
}

async function qemuImg(args: readonly string[], limits: Limits): Promise<string> {
  try {
    return await runConfined('qemu-img', args, limits)
  } catch (error) {
    limits.abort.throwIfAborted()
    const said = error instanceof SubprocessError ? reasonIn(error.stderr) : ''
    throw new Fault(said === '' ? 'it cannot be read' : `it cannot be read: ${said}`, { cause: error })
  }
}

/** Of `qemu-img: Could not open 'FILE': REASON` the reason: whoever sent the disk is not told of files here. */
function reasonIn(stderr: string): string {
  const last = stderr.trim().split('\n').at(-1) ?? ''
  return last.replace(/^qemu-img: /, '').replace(/^.*': /, '')
}

function requireSize(bytes: number, largestGiB: number): void {
  if (!Number.isSafeInteger(bytes) || bytes <= 0) throw new Fault('it is a disk without a size')
  if (bytes > largestGiB * 2 ** 30)
    throw new Fault(`it is a disk of ${Math.ceil(bytes / 2 ** 30)} GiB, and at most ${largestGiB} are taken`)
}

const spareBytes = 2 ** 30

/** Bytes that may still be written here. */
export async function roomIn(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder)
  return Math.max(0, bavail * bsize - spareBytes)
}

/** Whether `bytes` fit here and leave a GiB. However small a packed disk is, it may be as large as it says. */
export async function requireRoom(folder: string, bytes: number): Promise<void> {
  const free = await roomIn(folder)
  if (bytes > free)
    throw new Fault(`it needs ${Math.ceil(bytes / 2 ** 20)} MiB, and there is room for ${Math.floor(free / 2 ** 20)}`)
}

async function sizeOf(file: string): Promise<number> {
  await using handle = await open(file)
  const found = await handle.stat()
  if (!found.isFile()) throw new Fault('it is no file')
  return found.size
}

export async function endsOf(file: string): Promise<Ends> {
  await using handle = await open(file)
  const { size } = await handle.stat()
  const read = async (length: number, at: number) => (await handle.read(Buffer.alloc(length), 0, length, at)).buffer
  const headBytes = Math.min(size, 65_536)
  return { head: await read(headBytes, 0), tail: await read(Math.min(size, 512), Math.max(0, size - 512)) }
}
