/** `cumulet image list` */
import type { Dirent } from 'node:fs'
import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describedIn } from '../../images/image-folder.ts'
import { isId } from '../../model/ids.ts'
import type { Paths } from '../settings.ts'

/** Prints the images in the cloud's folder: id, name, default user, and the room that each takes on the disk. */
export async function listImageFolders(paths: Paths, say: (text: string) => void): Promise<void> {
  const ids = (await readdir(paths.images)).filter((it) => isId('image', it)).sort()
  for (const id of ids) {
    const image = await describedIn(join(paths.images, id))
    if (!image) continue
    const mib = Math.round((await roomOf(join(paths.images, id))) / 2 ** 20)
    say(
      `${id}  ${image.name.padEnd(28)} ${image.defaultUser.padEnd(8)} ${String(mib).padStart(6)} MiB  ${image.description}`,
    )
  }
  if (!ids.some((it) => it.startsWith('ami-'))) say('There are none.')
  say('More: cumulet image build debian')
}

/** What its files take, holes not counted. */
async function roomOf(folder: string): Promise<number> {
  const files = (await readdir(folder, { withFileTypes: true })).filter((it: Dirent) => it.isFile())
  const sizes = await Promise.all(files.map(async (it) => (await lstat(join(folder, it.name))).blocks * 512))
  return sizes.reduce((sum, it) => sum + it, 0)
}
