/** Puts the entries of archives into a folder, one archive over the other, and nothing anywhere else. */
import { constants } from 'node:fs'
import { chmod, lchown, link, lstat, lutimes, mkdir, open, readdir, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { Fault, systemCode } from '../../base/fault.ts'
import { type TarEntry, tarEntries } from './tar.ts'

/** What may still be unpacked: a small archive may become a large folder. */
export interface Budget {
  bytes: number
  entries: number
}

/**
 * Unpacks a layer over what is in `root`. Names that begin with `.wh.` remove what lies below, as OCI has it. Refuses names
 * that lead out of `root`, upwards or through links, and what exceeds the budget. Devices and pipes are left out: a guest makes
 * its own. Source: OCI Image Specification 1.1, "Image Layer Filesystem Changeset".
 */
export async function unpackLayer(archive: AsyncIterable<Buffer>, root: string, budget: Budget): Promise<void> {
  const added = new Set<string>()
  for await (const entry of tarEntries(archive)) {
    budget.entries -= 1
    budget.bytes -= entry.kind === 'file' ? entry.size : 0
    if (budget.entries < 0 || budget.bytes < 0)
      throw new Fault('it unpacks to more than is allowed, or than there is room for')
    const segments = segmentsOf(entry.name)
    const name = segments.at(-1) ?? ''
    if (name.startsWith('.wh.')) await removeBelow(root, segments, added)
    else {
      await unpackOne(entry, root, segments)
      for (let length = segments.length; length > 0; length--) added.add(segments.slice(0, length).join('/'))
    }
  }
}

/** Without `.` and doubled slashes; an absolute name is meant from the root. */
export function segmentsOf(name: string): string[] {
  const segments = name.split('/').filter((it) => it !== '' && it !== '.')
  if (segments.includes('..') || name.includes('\0'))
    throw new Fault(`the archive has a name that leads out of it: ${name}`)
  return segments
}

const opaque = '.wh..wh..opq'

async function removeBelow(root: string, segments: readonly string[], added: ReadonlySet<string>): Promise<void> {
  const parents = segments.slice(0, -1)
  const folder = await folderAt(root, parents)
  const mark = segments.at(-1) ?? ''
  const names = mark === opaque ? await readdir(folder) : [mark.slice('.wh.'.length)]
  for (const it of names) {
    if (it === '' || it === '.' || it === '..')
      throw new Fault(`the archive removes what has no name: ${segments.join('/')}`)
    if (mark === opaque && added.has([...parents, it].join('/'))) continue
    await rm(join(folder, it), { recursive: true, force: true })
  }
}

/** The folder of this path, made where it is missing. Each part of it must be a folder and no link. */
async function folderAt(root: string, segments: readonly string[]): Promise<string> {
  let path = root
  for (const it of segments) {
    path = join(path, it)
    const found = await lstatIfAny(path)
    if (!found) await mkdir(path, { mode: 0o755 })
    else if (!found.isDirectory())
      throw new Fault(`the archive has a name that leads through what is no folder: ${segments.join('/')}`)
  }
  return path
}

async function unpackOne(entry: TarEntry, root: string, segments: readonly string[]): Promise<void> {
  const path = join(await folderAt(root, segments.slice(0, -1)), segments.at(-1) ?? '')
  if (entry.kind === 'folder') await putFolder(path)
  else {
    if (entry.kind === 'other') return
    if (segments.length === 0) throw new Fault('the archive puts something in place of the root')
    await rm(path, { recursive: true, force: true })
    if (entry.kind === 'file') await putFile(path, entry)
    else if (entry.kind === 'symlink') await symlink(entry.target, path)
    else return await putHardLink(root, entry, path)
  }
  await lchown(path, entry.uid, entry.gid)
  if (entry.kind !== 'symlink') await chmod(path, entry.mode)
  await lutimes(path, entry.mtime, entry.mtime)
}

async function putFolder(path: string): Promise<void> {
  const found = await lstatIfAny(path)
  if (found?.isDirectory()) return
  if (found) await rm(path, { force: true })
  await mkdir(path)
}

async function putFile(path: string, { content }: TarEntry): Promise<void> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW
  await using handle = await open(path, flags, 0o600)
  for await (const piece of content) await handle.writeFile(piece)
}

/** To a file that is there already, of this layer or one below. */
async function putHardLink(root: string, { target }: TarEntry, path: string): Promise<void> {
  const segments = segmentsOf(target)
  const file = join(await folderAt(root, segments.slice(0, -1)), segments.at(-1) ?? '')
  if (!(await lstatIfAny(file))?.isFile()) throw new Fault(`the archive links to what is no file: ${target}`)
  await link(file, path)
}

async function lstatIfAny(path: string) {
  try {
    return await lstat(path)
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw error
  }
}
