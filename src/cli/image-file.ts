/** The file of an image that a person names: itself, or a file system of the directory that it is. */
import { randomUUID } from 'node:crypto'
import { mkdtempDisposable, realpath, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Fault } from '../base/fault.ts'
import { largestImage } from '../bundles/manifest.ts'
import { ext4FromFolder, fittingMiB } from '../images/disk/folder-ext4.ts'
import { requireRoom } from '../images/import/convert.ts'

export interface ImageFile extends AsyncDisposable {
  readonly file: string
  /** Whether it was made of a directory; then it goes when it is disposed of. */
  readonly isMade: boolean
}

/** Owners and modes of what a directory has are kept: who is not root bundles what belongs to nobody else. */
export async function imageFile(source: string): Promise<ImageFile> {
  const found = await stat(source)
  if (found.isFile()) return { file: source, isMade: false, [Symbol.asyncDispose]: async () => {} }
  if (!found.isDirectory()) throw new Fault(`${source} is neither a file nor a directory`)
  await using opened = new AsyncDisposableStack()
  const scratch = opened.use(await mkdtempDisposable(join(tmpdir(), 'image-')))
  const [inside, whole] = [await realpath(scratch.path), await realpath(source)]
  if (inside.startsWith(whole === '/' ? whole : `${whole}/`))
    throw new Fault(`${source} holds ${tmpdir()}, where its file system would be made: set TMPDIR`)
  const file = join(scratch.path, 'root.img')
  await fill(file, source)
  const kept = opened.move()
  return { file, isMade: true, [Symbol.asyncDispose]: () => kept.disposeAsync() }
}

async function fill(file: string, source: string): Promise<void> {
  const { signal } = new AbortController()
  const sizeMiB = await fittingMiB(source, signal)
  if (sizeMiB * 2 ** 20 > largestImage)
    throw new Fault(`${source} takes ${sizeMiB} MiB, and a bundle has at most ${largestImage / 2 ** 20}`)
  await requireRoom(tmpdir(), sizeMiB * 2 ** 20)
  const time = Math.floor(Date.now() / 1000)
  await ext4FromFolder(source, file, { sizeMiB, label: 'root', uuid: randomUUID(), time }, signal)
}
